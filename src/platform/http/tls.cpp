#include "platform/http/tls.h"

namespace cairn::http {
namespace {

namespace ssl = boost::asio::ssl;

Failure wrong(const std::string& file, const std::string& why) {
  return fail(ErrorCode::invalid_argument, "InvalidCertificate",
              "The TLS file " + file + " cannot be used: " + why + ".");
}

/// RFC 7301: HTTP/1.1 is what is spoken; a client that offers only others may still try.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned int in_size, void*) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, ours, sizeof ours - 1, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<std::shared_ptr<ssl::context>> load_tls(const TlsFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  boost::system::error_code failed;
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context->native_handle(), choose_protocol, nullptr);
  context->use_certificate_chain_file(files.certificate_chain, failed);
  if (failed) return wrong(files.certificate_chain, failed.message());
  context->use_private_key_file(files.private_key, ssl::context::pem, failed);
  if (failed) return wrong(files.private_key, failed.message());
  if (SSL_CTX_check_private_key(context->native_handle()) != 1)
    return wrong(files.private_key, "it does not belong to the certificate");
  return context;
}

}  // namespace cairn::http
