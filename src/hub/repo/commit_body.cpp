#include "hub/repo/commit_body.h"

#include <boost/json/basic_parser_impl.hpp>

#include "base/bytes.h"
#include "base/json.h"
#include "base/text.h"
#include "hub/repo/commit_body_item.h"

namespace cairn::repo {
namespace {

/// Names of members that mean something are shorter; longer ones are unknown anyway.
constexpr std::size_t key_bytes_max = 64;
/// Paths have at most 1000 bytes, encodings and digests fewer; descriptions are checked later.
constexpr std::size_t text_bytes_max = 128 * 1024;

Failure invalid_body(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidCommitBody", std::move(message));
}

Failure too_large(std::string word, std::string message) {
  return fail(ErrorCode::too_large, std::move(word), std::move(message));
}

}  // namespace

/// Everything between bytes and operations. Also the event handler of Boost's incremental parser,
/// so that a long text is never held twice.
struct CommitBody::State {
  State(Format format_, std::shared_ptr<history::Staging> staging, CommitBodyLimits limits_);
  ~State();

  const Format format;
  const CommitBodyLimits limits;
  CommitRequest request;
  bool has_header = false;
  std::uint64_t bytes = 0;  ///< Of regular files, decoded.
  std::size_t line_number = 1;

  // ---- Where the parser stands ----
  std::vector<bool> arrays;       ///< The open containers: true for a list.
  std::vector<std::string> keys;  ///< The last member name in each.
  BodyItem item;                  ///< The operation or header being read.
  std::string text;               ///< The string being read.
  std::string* slot = nullptr;    ///< Where it goes; null: nobody asked.
  std::size_t slot_bytes_max = 0;
  std::optional<Error> error;  ///< Why the handler stopped the parser.

  std::size_t depth() const { return arrays.size(); }

  // ---- Meaning of places ----

  /// "value" of a line, or a member of a list of the older form.
  bool in_item() const {
    if (format == Format::ndjson) return depth() == 2 && !arrays[1] && keys[0] == "value";
    return depth() == 3 && arrays[1] && !arrays[2];
  }
  const std::string& key() const { return keys.back(); }

  std::string* find_slot() {
    slot_bytes_max = text_bytes_max;
    if (depth() == 0) return nullptr;
    if (format == Format::ndjson && depth() == 1 && !arrays[0] && key() == "key") return &item.kind;
    if (format == Format::json && depth() == 1 && !arrays[0]) return item.header_slot(key());
    // {"deletedFiles": ["a", "b"]}
    if (format == Format::json && depth() == 2 && arrays[1]) return &item.path;
    if (!in_item()) return nullptr;
    if (format == Format::ndjson)
      if (auto* header = item.header_slot(key())) return header;
    if (key() == "content") {
      item.has_content = true;
      // Base64 of the largest file; what it decodes to is measured again.
      slot_bytes_max = limits.file_bytes_max / 3 * 4 + 4;
      return &item.content;
    }
    return item.slot(key());
  }

  // ---- Ends of things ----

  bool stop(Error why, json::error_code& ec) {
    error = std::move(why);
    ec = json::error::exception;
    return false;
  }
  bool keep(Result<> done, json::error_code& ec) {
    return done ? true : stop(std::move(done).error(), ec);
  }

  Result<> take_header() {
    auto& header = request.header;
    if (item.summary.size() > limits.summary_bytes_max)
      return too_large("SummaryTooLong", "The summary of a commit has at most " +
                                             std::to_string(limits.summary_bytes_max) +
                                             " bytes. Put the rest into `description`.");
    if (item.description.size() > limits.description_bytes_max)
      return too_large("DescriptionTooLong", "The description of a commit has at most " +
                                                 std::to_string(limits.description_bytes_max) +
                                                 " bytes.");
    if (item.summary.contains('\0') || item.description.contains('\0'))
      return invalid_body("A commit message holds no NUL characters.");
    header.summary = std::move(item.summary);
    header.description = std::move(item.description);
    if (!item.parent.empty()) header.parent = std::move(item.parent);
    has_header = true;
    return {};
  }

  Result<> take_op() {
    auto made = item.to_ops(*request.staging, limits.file_bytes_max);
    if (!made) return fail(std::move(made).error());
    bytes += made->bytes;
    if (bytes > limits.bytes_max)
      return too_large("CommitTooLarge", "The regular files of one commit have at most " +
                                             human_bytes(limits.bytes_max) +
                                             " together. Send large files through LFS, or make "
                                             "several commits.");
    for (auto& op : made->ops) request.ops.push_back(std::move(op));
    if (request.ops.size() > limits.ops_max)
      return too_large("TooManyOperations", "One commit has at most " +
                                                std::to_string(limits.ops_max) +
                                                " operations. Make several commits.");
    return {};
  }

  /// A line of NDJSON is complete.
  Result<> end_line() {
    if (item.kind.empty() || !item.is_object)
      return invalid_body("A line is {\"key\": …, \"value\": {…}}.");
    if (item.kind == "header") {
      if (has_header) return invalid_body("There is more than one header line.");
      return take_header();
    }
    if (!has_header)
      return invalid_body("The first line must have the key `header` and a `summary`.");
    return take_op();
  }

  Failure at_line(Error why) const {
    if (format == Format::ndjson)
      why.message = "Line " + std::to_string(line_number) + ": " + why.message;
    return fail(std::move(why));
  }

  struct Handler;
  Result<> parse(std::string_view part);
  Result<> finish_document();
  struct Parser;
  std::unique_ptr<Parser> parser;
  std::size_t line_bytes = 0;
  bool line_has_text = false;
};

struct CommitBody::State::Handler {
  constexpr static std::size_t max_object_size = static_cast<std::size_t>(-1);
  constexpr static std::size_t max_array_size = static_cast<std::size_t>(-1);
  constexpr static std::size_t max_key_size = 64 * 1024;
  constexpr static std::size_t max_string_size = static_cast<std::size_t>(-1);

  using Ec = json::error_code;
  using View = json::string_view;

  explicit Handler(State& s) : state(s) {}
  State& state;
  std::string key;

  /// A value that is no text stands where a text belongs. Passed over, "parentCommit": 5 would
  /// be a commit without a parent.
  bool not_text(Ec& ec) {
    bool bare = state.format == Format::json && state.depth() == 2 && state.arrays[1] &&
                !state.item.kind.empty();
    if (!state.slot && !bare) return true;
    auto name = bare ? state.item.kind : state.key();
    return state.stop(invalid_body("`" + name + "` must be a text.").error(), ec);
  }

  bool begin(bool array, Ec& ec) {
    if (state.slot && !not_text(ec)) return false;
    if (state.format == Format::ndjson && state.depth() == 1 && !state.arrays[0] &&
        state.key() == "value")
      state.item.is_object = !array;
    state.arrays.push_back(array);
    state.keys.emplace_back();
    // A new operation of the older form; its header stays.
    if (state.format == Format::json && state.in_item()) state.item.reset_op(state.keys[0]);
    if (state.format == Format::json && state.depth() == 2 && array)
      state.item.reset_op(state.keys[0]);
    return true;
  }
  bool end(Ec& ec) {
    bool item_ends = state.format == Format::json && state.in_item();
    state.arrays.pop_back();
    state.keys.pop_back();
    if (!item_ends || state.item.kind.empty()) return true;
    return state.keep(state.take_op(), ec);
  }

  bool on_document_begin(Ec&) { return true; }
  bool on_document_end(Ec&) { return true; }
  bool on_object_begin(Ec& ec) { return begin(false, ec); }
  bool on_object_end(std::size_t, Ec& ec) { return end(ec); }
  bool on_array_begin(Ec& ec) { return begin(true, ec); }
  bool on_array_end(std::size_t, Ec& ec) { return end(ec); }

  bool on_key_part(View part, std::size_t, Ec&) {
    if (key.size() <= key_bytes_max) key += part;
    return true;
  }
  bool on_key(View part, std::size_t, Ec& ec) {
    on_key_part(part, 0, ec);
    if (key.size() > key_bytes_max) key.clear();
    state.keys.back() = std::exchange(key, {});
    state.slot = state.find_slot();
    state.text.clear();
    return true;
  }

  bool on_string_part(View part, std::size_t, Ec& ec) {
    if (state.depth() > 0 && state.arrays.back() && state.text.empty())
      state.slot = state.find_slot();
    if (!state.slot) return true;
    if (state.text.size() + part.size() > state.slot_bytes_max) {
      if (state.slot == &state.item.content)
        return state.stop(file_too_large(state.item.path, state.limits.file_bytes_max), ec);
      return state.stop(too_large("TextTooLong", "A text is longer than 128 KiB.").error(), ec);
    }
    state.text += part;
    return true;
  }
  bool on_string(View part, std::size_t, Ec& ec) {
    if (!on_string_part(part, 0, ec)) return false;
    if (state.slot) *state.slot = std::exchange(state.text, {});
    bool bare = state.format == Format::json && state.depth() == 2 && state.arrays[1];
    state.slot = nullptr;
    if (is_size()) state.item.bad_size = true;
    if (!bare || state.item.kind.empty()) return true;
    return state.keep(state.take_op(), ec);
  }

  bool on_number_part(View, Ec&) { return true; }
  bool is_size() const { return state.depth() > 0 && state.in_item() && state.key() == "size"; }
  bool on_int64(std::int64_t number, View, Ec& ec) {
    if (!is_size()) return not_text(ec);
    if (number < 0)
      state.item.bad_size = true;
    else
      state.item.size_bytes = static_cast<std::uint64_t>(number);
    return true;
  }
  bool on_uint64(std::uint64_t, View, Ec& ec) {
    // Beyond 2^63: no file has that size.
    return other(ec);
  }
  bool on_double(double, View, Ec& ec) { return other(ec); }
  bool on_bool(bool, Ec& ec) { return other(ec); }
  bool other(Ec& ec) {
    if (is_size()) state.item.bad_size = true;
    return not_text(ec);
  }
  bool on_null(Ec&) {
    // As if the member were not there.
    if (state.slot == &state.item.content) state.item.has_content = false;
    state.slot = nullptr;
    return true;
  }
  bool on_comment_part(View, Ec&) { return true; }
  bool on_comment(View, Ec&) { return true; }
};

struct CommitBody::State::Parser : json::basic_parser<Handler> {
  explicit Parser(State& state) : basic_parser(options(), state) {}
  static json::parse_options options() {
    json::parse_options out;
    out.max_depth = json_depth_max;
    return out;
  }
};

Result<> CommitBody::State::parse(std::string_view part) {
  json::error_code ec;
  std::size_t used = parser->write_some(true, part.data(), part.size(), ec);
  if (error) return at_line(std::move(*error));
  if (!ec && used < part.size() && trim(part.substr(used)).empty()) return {};
  if (!ec && used == part.size()) return {};
  return at_line(fail(ErrorCode::invalid_argument, "InvalidJson",
                      "The JSON is broken" +
                          (ec ? ": " + ec.message() : std::string(": more follows its end")) +
                          ". Nothing was committed.")
                     .error());
}

Result<> CommitBody::State::finish_document() {
  json::error_code ec;
  if (!parser->done()) parser->write_some(false, "", 0, ec);
  if (error) return at_line(std::move(*error));
  if (ec || !parser->done())
    return at_line(fail(ErrorCode::invalid_argument, "InvalidJson",
                        "The JSON ends in the middle. Nothing was committed.")
                       .error());
  auto taken = format == Format::ndjson ? end_line() : take_header();
  if (!taken) return at_line(std::move(taken).error());
  parser->reset();
  item = {};
  arrays.clear();
  keys.clear();
  slot = nullptr;
  text.clear();
  line_bytes = 0;
  line_has_text = false;
  return {};
}

CommitBody::State::State(Format format_, std::shared_ptr<history::Staging> staging,
                         CommitBodyLimits limits_)
    : format(format_),
      limits(limits_),
      request{{}, {}, std::move(staging)},
      parser(std::make_unique<Parser>(*this)) {}
CommitBody::State::~State() = default;

CommitBody::CommitBody(Format format, std::shared_ptr<history::Staging> staging,
                       CommitBodyLimits limits)
    : state_(std::make_unique<State>(format, std::move(staging), limits)) {}
CommitBody::~CommitBody() = default;
CommitBody::CommitBody(CommitBody&&) noexcept = default;
CommitBody& CommitBody::operator=(CommitBody&&) noexcept = default;

Result<> CommitBody::feed(std::string_view bytes) {
  State& s = *state_;
  while (!bytes.empty()) {
    auto end = s.format == Format::ndjson ? bytes.find('\n') : std::string_view::npos;
    auto part = bytes.substr(0, end);
    if (!s.line_has_text) {
      // White space before a line's JSON, and empty lines, mean nothing.
      auto from = part.find_first_not_of(" \t\r\n");
      part = from == std::string_view::npos ? std::string_view{} : part.substr(from);
      s.line_has_text = !part.empty();
    }
    s.line_bytes += part.size();
    if (s.format == Format::ndjson && s.line_bytes > s.limits.line_bytes_max)
      return s.at_line(too_large("LineTooLong", "A line has at most " +
                                                    human_bytes(s.limits.line_bytes_max) +
                                                    ". Send large files through LFS.")
                           .error());
    if (!part.empty()) CAIRN_CHECK(s.parse(part));
    if (end == std::string_view::npos) break;
    if (s.line_has_text) CAIRN_CHECK(s.finish_document());
    ++s.line_number;
    bytes.remove_prefix(end + 1);
  }
  return {};
}

const CommitHeader* CommitBody::header() const {
  return state_->has_header ? &state_->request.header : nullptr;
}

Result<CommitRequest> CommitBody::finish() {
  State& s = *state_;
  if (s.line_has_text) CAIRN_CHECK(s.finish_document());
  if (!s.has_header)
    return invalid_body("The body has no header with a `summary`. Nothing was committed.");
  return std::move(s.request);
}

}  // namespace cairn::repo
