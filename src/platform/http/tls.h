#pragma once
#include <memory>

#include <boost/asio/ssl/context.hpp>

#include "platform/http/server.h"

/// Inside the module: the server's TLS settings.
namespace cairn::http {

/// TLS 1.2 and 1.3 with the certificate of the files. @return `invalid_argument`, naming the file.
[[nodiscard]] Result<std::shared_ptr<boost::asio::ssl::context>> load_tls(const TlsFiles& files);

}  // namespace cairn::http
