#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cairn::http {

enum class Method { get, head, post, put, patch, delete_, options, other };

/// "GET" and so on; "OTHER" for a method that no route can have.
[[nodiscard]] std::string_view to_string(Method method);
/// Methods are case-sensitive (RFC 9110, section 9.1).
[[nodiscard]] Method parse_method(std::string_view text);

/// ASCII, without regard to case.
[[nodiscard]] bool equal_names(std::string_view a, std::string_view b);

/// Header fields in the order they came. Names compare without regard to case; a name may repeat.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  /// Replaces every field of the name.
  void set(std::string name, std::string value);
  void remove(std::string_view name);
  void clear() { fields_.clear(); }

  /// The first value; empty when there is none (see has()). Valid until the headers change.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  /// All values joined by ", ", which for list-valued fields means the same (RFC 9110, 5.3).
  [[nodiscard]] std::string joined(std::string_view name) const;
  /// Adds `token` to a list-valued field (such as Vary) unless it is there.
  void add_token(std::string_view name, std::string_view token);

  [[nodiscard]] std::size_t size() const { return fields_.size(); }
  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

/// True when the comma-separated list `value` has `token`, without regard to case.
[[nodiscard]] bool has_token(std::string_view value, std::string_view token);

}  // namespace cairn::http
