#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include <boost/asio/cancellation_signal.hpp>

#include "platform/http/address.h"
#include "platform/http/chunked.h"
#include "platform/http/head.h"
#include "platform/http/metrics.h"
#include "platform/http/server.h"
#include "platform/http/transport.h"

/// Inside the module: what serves one client.
namespace cairn::http {

/// The numbers of one operation.
struct OperationMetrics {
  std::array<Counter*, 5> by_class;  ///< 1xx to 5xx.
  Histogram* duration;
};

/// What all connections of a server share. Constant but for the atomics.
struct Shared {
  Shared(ServerOptions options, Router router, Metrics& metrics);

  ServerOptions options;
  Router router;
  ProxyList proxies;
  std::unordered_map<const Route*, OperationMetrics> operations;
  OperationMetrics no_operation;
  Counter* bytes_in;
  Counter* bytes_out;
  Counter* refused;

  std::atomic<bool> draining = false;
  /// Of its own, since a gauge may be asked when the server is gone.
  std::shared_ptr<std::atomic<std::size_t>> open = std::make_shared<std::atomic<std::size_t>>(0);

  [[nodiscard]] const OperationMetrics& metrics_of(const Request& request) const;

  /// Counts a connection in. False when there are too many, in all or of this peer.
  bool admit(const Peer& peer);
  void release(const Peer& peer);

 private:
  [[nodiscard]] bool exempt(const Peer& peer) const;
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> by_key_;
};

/// One client's connection, on one thread. run() is its life; the rest is called by its thread.
class Connection final : private BodySource {
 public:
  Connection(Shared& shared, Socket socket, Peer peer,
             std::shared_ptr<boost::asio::ssl::context> tls);
  ~Connection();

  Task<> run();
  Transport& transport() { return transport_; }
  /// Ends it if it waits for a request; else the response that runs is its last.
  void drain();
  /// Ends it wherever it is.
  void abort();
  boost::asio::cancellation_slot slot() { return cancel_.slot(); }

 private:
  enum class Head { request, refused, closed };
  enum class BodyKind { none, length, chunked };

  // Requests, one after another.
  Task<Head> read_head(RequestReader& reader);
  Task<bool> serve_one();
  Task<bool> answer(Request& request, Response response, bool& keep_alive,
                    Transport::Clock::time_point start);
  void account(const Request& request, int status, std::uint64_t bytes,
               Transport::Clock::time_point start);

  // The request's body.
  void begin_body(const RequestReader& reader);
  Task<Result<std::string>> read_some() override;
  Task<Result<std::string>> read_length();
  Task<Result<std::string>> read_chunked();
  Task<std::size_t> read_body_bytes(char* to, std::size_t size);
  Failure body_failure();
  [[nodiscard]] bool body_done() const;
  [[nodiscard]] bool body_is_short() const;
  Task<bool> discard_body();

  // The response's.
  Task<bool> send_body(Body& body, bool chunked);
  Task<bool> send(std::string& text);
  Task<bool> send(SharedText& text);
  Task<bool> send(FileSlice& slice);
  Task<bool> send(Stream& stream) { return send_stream(stream, false); }
  Task<bool> send(Pieces& pieces);
  Task<bool> send_stream(Stream& stream, bool chunked);
  Task<bool> send_text(std::string_view text);

  [[nodiscard]] std::string_view buffered() const {
    return {buffer_.get() + begin_, end_ - begin_};
  }
  void make_room(std::size_t size);
  [[nodiscard]] const ServerLimits& limits() const { return shared_.options.limits; }
  [[nodiscard]] Milliseconds write_timeout() const {
    return Milliseconds(limits().write_timeout_ms);
  }

  Shared& shared_;
  Peer peer_;
  Transport transport_;
  boost::asio::cancellation_signal cancel_;

  // Bytes read and not yet used: [begin_, end_).
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
  bool idle_ = false;
  bool first_ = true;
  bool http11_ = true;
  bool linger_ = false;

  BodyKind body_kind_ = BodyKind::none;
  std::uint64_t body_left_ = 0;  // With BodyKind::length.
  ChunkedDecoder decoder_;
  bool body_failed_ = false;
  bool expect_pending_ = false;
  std::size_t body_read_size_ = 0;
  Milliseconds window_left_{};
  std::size_t window_bytes_ = 0;

  std::string out_;  // The head of a response; kept, so that its memory is.
};

/// The head of a response with the fields that every response has. @param out  appended to.
void append_head(std::string& out, const Request& request, const Response& response,
                 const ServerOptions& options, bool http11, bool keep_alive, bool chunked,
                 std::optional<std::uint64_t> length);

}  // namespace cairn::http
