#include "hub/render/render.h"

#include <mutex>

#include "base/json.h"
#include "base/kept.h"
#include "base/log.h"
#include "base/text.h"
#include "hub/render/markdown.h"
#include "platform/process/helper.h"
#include "platform/process/slots.h"

namespace cairn::render {
namespace {

// A card of 100 KB takes some 20 ms; what takes longer than this is made to.
constexpr Duration document_deadline = seconds(4);
constexpr std::size_t answer_bytes_max = 2 * html_bytes_max;

/// Stands as one line of JSON before the text.
struct QuestionHead {
  std::string folder;
  std::int64_t pictures = 0;
};
BOOST_DESCRIBE_STRUCT(QuestionHead, (), (folder, pictures))

/// The HTML has bytes that JSON cannot carry, so it stands behind the JSON's line.
struct AnswerHead {
  std::vector<Heading> headings;
  std::string summary;
  bool truncated = false;
};
BOOST_DESCRIBE_STRUCT(AnswerHead, (), (headings, summary, truncated))

std::string question_text(const Source& source) {
  return to_json_text(QuestionHead{source.folder, static_cast<std::int64_t>(source.pictures)}) +
         "\n" + source.markdown;
}

std::string answer_question(std::string_view question) {
  auto line = std::min(question.find('\n'), question.size());
  auto head = parse_json_as<QuestionHead>(question.substr(0, line)).value_or(QuestionHead{});
  auto document = render_markdown(question.substr(std::min(line + 1, question.size())), head.folder,
                                  static_cast<Pictures>(head.pictures));
  AnswerHead out{std::move(document.headings), std::move(document.summary), document.truncated};
  return to_json_text(out) + "\n" + document.html;
}

Result<Document> read_answer(std::string_view answer) {
  auto line = std::min(answer.find('\n'), answer.size());
  CAIRN_TRY(head, parse_json_as<AnswerHead>(answer.substr(0, line)));
  Document out;
  out.html = answer.substr(std::min(line + 1, answer.size()));
  out.headings = std::move(head.headings);
  out.summary = std::move(head.summary);
  out.truncated = head.truncated;
  return out;
}

Document as_it_is(const Source& source) {
  Document out;
  std::string_view text = without_front_matter(source.markdown);
  out.truncated = text.size() > markdown_bytes_max;
  out.html = "<pre>" + escape_html(truncate_utf8(text, markdown_bytes_max)) + "</pre>";
  std::erase(out.html, '\xff');
  return out;
}

using Cache = Kept<Document>;

std::size_t bytes_of(const Document& document) {
  return document.html.size() + document.headings.size() * 100;
}

std::string cache_key(const std::string& key, const std::string& folder, Pictures pictures) {
  return std::to_string(version) + "|" + std::to_string(static_cast<int>(pictures)) + "|" + key +
         "|" + folder;
}

}  // namespace

struct Renderer::State {
  State(Blocking& b, Options o)
      : blocking(b),
        options(std::move(o)),
        slots(options.children_max, std::max<std::size_t>(options.children_max - 1, 1),
              waiting_max),
        cache(options.cache_bytes_max, options.cache_rows_max) {}

  static constexpr std::size_t waiting_max = 200;

  struct Idle {
    std::unique_ptr<process::Helper> helper;
    int documents = 0;
  };

  /// Blocks.
  Result<Document> run(const Source& source) {
    Idle child;
    {
      std::lock_guard lock(mutex);
      if (!idle.empty()) {
        child = std::move(idle.back());
        idle.pop_back();
      }
    }
    auto question = question_text(source);
    auto answered = Result<std::string>(fail(ErrorCode::internal, "ProgramFailed", ""));
    if (child.helper) answered = child.helper->ask(question, document_deadline, answer_bytes_max);
    // A child that waited may have been gone already, whatever the text is.
    if (!answered && answered.error().word == "ProgramFailed") {
      CAIRN_TRY(started, process::Helper::start(options.program));
      child = {std::move(started)};
      answered = child.helper->ask(question, document_deadline, answer_bytes_max);
    }
    CAIRN_TRY(answer, std::move(answered));
    if (++child.documents < options.documents_max) {
      std::lock_guard lock(mutex);
      idle.push_back(std::move(child));
    }
    return read_answer(answer);
  }

  Blocking& blocking;
  Options options;
  process::Slots slots;
  Cache cache;
  std::mutex mutex;
  std::vector<Idle> idle;
  std::atomic<std::uint64_t> documents = 0, kept = 0, failures = 0;
};

Renderer::Renderer(Blocking& blocking, Options options)
    : state_(std::make_unique<State>(blocking, std::move(options))) {}
Renderer::~Renderer() = default;

DocumentRef Renderer::kept(const std::string& key, const std::string& folder, Pictures pictures) {
  auto found = state_->cache.find(cache_key(key, folder, pictures));
  if (found) ++state_->kept;
  return found;
}

Task<Result<DocumentRef>> Renderer::render(Source source) {
  auto* state = state_.get();
  if (!source.key.empty())
    if (auto found = kept(source.key, source.folder, source.pictures)) co_return found;
  auto slot = co_await state->slots.acquire(source.who, seconds(10));
  if (!slot) co_return std::unexpected(std::move(slot).error());
  auto shared = std::make_shared<const Source>(std::move(source));
  auto work = [state, shared] { return state->run(*shared); };
  auto made = co_await state->blocking.run(work);
  ++state->documents;
  if (!made) {
    ++state->failures;
    log::warning("render.failed",
                 {{"error", made.error().word}, {"size_bytes", shared->markdown.size()}});
  }
  bool whole = made.has_value();
  auto document = std::make_shared<const Document>(whole ? *std::move(made) : as_it_is(*shared));
  // A text that broke its child breaks the next one as well, so that is kept too. But not for long:
  // it may have been the machine, which was busy or out of memory.
  auto until =
      whole ? Cache::Monotonic::time_point::max()
            : Cache::Monotonic::now() + std::chrono::microseconds(state->options.failure_kept.us);
  if (!shared->key.empty())
    state->cache.add(cache_key(shared->key, shared->folder, shared->pictures), document,
                     bytes_of(*document), until);
  co_return document;
}

Renderer::Metrics Renderer::metrics() const {
  return {state_->documents, state_->kept, state_->failures};
}

int run_worker() {
  constexpr std::size_t path_bytes_max = 8192;
  return process::answer_questions(64 * markdown_bytes_max + path_bytes_max, answer_question) ? 0
                                                                                              : 1;
}

}  // namespace cairn::render
