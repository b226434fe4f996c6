// Files on the wire: sendfile, ranges, TLS.
#include <cstdio>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "platform/http/server_fixture.h"

namespace cairn::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// An unnamed file; the descriptor lives as long as the owner.
FileSlice file_of(const std::string& content) {
  std::FILE* file = std::tmpfile();
  std::fwrite(content.data(), 1, content.size(), file);
  std::fflush(file);
  return {::fileno(file), 0, content.size(),
          std::shared_ptr<std::FILE>(file, [](std::FILE* f) { std::fclose(f); })};
}

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 + i / 251);
  return out;
}

class HttpFiles : public ServerTest {
 protected:
  HttpFiles() : content(pattern(5'000'000)), file(file_of(content)) {
    add(Method::get, "/file", [this](Request& request) -> Task<Response> {
      co_return serve(request, {.size_bytes = content.size(), .etag = "\"v1\""}, file);
    });
    add(Method::get, "/short", [this](Request& request) -> Task<Response> {
      co_return serve(request, {.size_bytes = content.size() + 1},
                      FileSlice{file.descriptor, 0, content.size() + 1, file.owner});
    });
  }
  std::string content;
  FileSlice file;
};

TEST_F(HttpFiles, WholeFileRangeAndHeadOnOneConnection) {
  start();
  auto c = client();
  EXPECT_EQ(body_of(c.exchange("GET /file HTTP/1.1\r\nHost: x\r\n\r\n")), content);
  auto range = c.exchange("GET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=1000-1999\r\n\r\n");
  EXPECT_THAT(range, StartsWith("HTTP/1.1 206"));
  EXPECT_EQ(body_of(range), content.substr(1000, 1000));
  c.send("HEAD /file HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(field_of(c.answer(true), "Content-Length"), "5000000");
  auto cached = c.exchange("GET /file HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"v1\"\r\n\r\n");
  EXPECT_THAT(cached, StartsWith("HTTP/1.1 304"));
}

TEST_F(HttpFiles, SeveralRangesHaveOneLength) {
  start();
  auto answer = get("/file", "Range: bytes=0-9,4999990-\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 206"));
  auto body = body_of(answer);
  EXPECT_EQ(field_of(answer, "Content-Length"), std::to_string(body.size()));
  EXPECT_THAT(body, HasSubstr(content.substr(0, 10)));
  EXPECT_THAT(body, HasSubstr(content.substr(4999990)));
}

TEST_F(HttpFiles, FileShorterThanSaidCutsTheConnection) {
  start();
  auto c = client();
  c.send("GET /short HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(body_of(c.rest()), content);
}

TEST_F(HttpFiles, ClientThatLeavesHalfwayHurtsNobody) {
  start();
  {
    auto c = client();
    c.send("GET /file HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  EXPECT_EQ(body_of(get("/file")), content);
}

// ---- TLS ----

/// A self-signed certificate for "hub.example", and its key, as files.
TlsFiles make_certificate(const std::string& folder, const std::string& name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  X509_sign(certificate, key, EVP_sha256());
  TlsFiles files{folder + "/chain.pem", folder + "/key.pem"};
  std::FILE* out = std::fopen(files.certificate_chain.c_str(), "w");
  PEM_write_X509(out, certificate);
  std::fclose(out);
  out = std::fopen(files.private_key.c_str(), "w");
  PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(out);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return files;
}

/// One request over TLS. @return the answer until the server closes, and the certificate's name.
std::pair<std::string, std::string> over_tls(std::uint16_t port, const std::string& request) {
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  std::string answer, name(64, '\0');
  EXPECT_EQ(SSL_connect(ssl), 1);
  X509* certificate = SSL_get1_peer_certificate(ssl);
  if (certificate) {
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(), 64);
    X509_free(certificate);
  }
  SSL_write(ssl, request.data(), static_cast<int>(request.size()));
  char bytes[65536];
  for (int count; (count = SSL_read(ssl, bytes, sizeof bytes)) > 0;)
    answer.append(bytes, static_cast<std::size_t>(count));
  SSL_shutdown(ssl);
  SSL_free(ssl);
  SSL_CTX_free(context);
  ::close(fd);
  return {answer, name.c_str()};
}

TEST_F(HttpFiles, TlsServesFilesAndReloadsItsCertificate) {
  char folder[] = "/tmp/cairn_tls_XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  options.tls = make_certificate(folder, "one.example");
  start();
  std::string request = "GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  auto [answer, name] = over_tls(server->port(), request);
  EXPECT_EQ(body_of(answer), content);
  EXPECT_EQ(name, "one.example");

  make_certificate(folder, "two.example");
  EXPECT_TRUE(server->reload_tls());
  EXPECT_EQ(over_tls(server->port(), request).second, "two.example");

  // A broken file leaves the old certificate in use.
  std::fclose(std::fopen(options.tls->private_key.c_str(), "w"));
  auto reloaded = server->reload_tls();
  ASSERT_FALSE(reloaded);
  EXPECT_THAT(reloaded.error().message, HasSubstr("key.pem"));
  EXPECT_EQ(over_tls(server->port(), request).second, "two.example");

  // Plain HTTP on a TLS port ends, and nothing else happens.
  client().exchange("GET /file HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(over_tls(server->port(), request).second, "two.example");
  ::unlink(options.tls->certificate_chain.c_str());
  ::unlink(options.tls->private_key.c_str());
  ::rmdir(folder);
}

}  // namespace
}  // namespace cairn::http
