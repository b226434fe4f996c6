#pragma once
#include <string>
#include <string_view>

#include <boost/beast/http/basic_parser.hpp>

#include "platform/http/address.h"
#include "platform/http/request.h"
#include "platform/http/server.h"

/// Inside the module: from the bytes of a request's head to a Request.
namespace cairn::http {

/// Reads one head with Beast's parser. The body is not its business: our own code counts and
/// decodes it, so that it can be read straight to where it is wanted.
class RequestReader final : private boost::beast::http::basic_parser<true> {
 public:
  enum class State { more, done, failed };

  /// @param out  filled while reading; valid once done.
  RequestReader(Request& out, const ServerLimits& limits);

  /// @param used  how many of `bytes` are done with; the rest is given again, with more.
  State feed(std::string_view bytes, std::size_t& used);

  /// True once a byte of the request line has come.
  [[nodiscard]] bool started() const { return basic_parser::got_some(); }

  /// Sets what is known of the other end, and the request's id. Also after a failure.
  void introduce(const Peer& peer, bool secure, const ProxyList& proxies);
  /// Where the body comes from, outlived by nobody: the connection.
  void attach(BodySource& body);

  /// After `failed`: what to answer.
  [[nodiscard]] const Error& error() const { return error_; }
  [[nodiscard]] int status() const { return status_; }

  /// After `done`.
  [[nodiscard]] bool keep_alive() const { return basic_parser::keep_alive(); }
  [[nodiscard]] bool version_11() const { return version_ == 11; }
  [[nodiscard]] bool chunked() const { return basic_parser::chunked(); }
  [[nodiscard]] std::uint64_t length() const { return basic_parser::content_length().value_or(0); }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }

 private:
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;

  void on_request_impl(boost::beast::http::verb verb, string_view method, string_view target,
                       int version, error_code& failed) override;
  void on_field_impl(boost::beast::http::field field, string_view name, string_view value,
                     error_code& failed) override;
  void on_header_impl(error_code&) override {}
  // Never called: feed() stops after the head.
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}

  State refuse(int status, std::string word, std::string message);
  State refuse(const error_code& why);
  State check();

  Request& out_;
  const ServerLimits& limits_;
  std::size_t bytes_ = 0;
  int version_ = 0;
  bool expects_continue_ = false;
  int status_ = 400;
  Error error_;
};

}  // namespace cairn::http
