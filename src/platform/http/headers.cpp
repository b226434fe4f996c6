#include "platform/http/headers.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace cairn::http {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 7> method_names{{
    {Method::get, "GET"},
    {Method::head, "HEAD"},
    {Method::post, "POST"},
    {Method::put, "PUT"},
    {Method::patch, "PATCH"},
    {Method::delete_, "DELETE"},
    {Method::options, "OPTIONS"},
}};

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

}  // namespace

std::string_view to_string(Method method) {
  for (const auto& [value, name] : method_names)
    if (value == method) return name;
  return "OTHER";
}

Method parse_method(std::string_view text) {
  for (const auto& [value, name] : method_names)
    if (name == text) return value;
  return Method::other;
}

bool equal_names(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  return true;
}

void Headers::set(std::string name, std::string value) {
  remove(name);
  add(std::move(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return equal_names(field.first, name); });
}

std::string_view Headers::get(std::string_view name) const {
  for (const auto& field : fields_)
    if (equal_names(field.first, name)) return field.second;
  return {};
}

bool Headers::has(std::string_view name) const {
  return std::ranges::any_of(fields_,
                             [&](const Field& field) { return equal_names(field.first, name); });
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& field : fields_)
    if (equal_names(field.first, name)) out.push_back(field.second);
  return out;
}

std::string Headers::joined(std::string_view name) const {
  std::string out;
  for (auto value : all(name)) {
    if (!out.empty()) out += ", ";
    out += value;
  }
  return out;
}

void Headers::add_token(std::string_view name, std::string_view token) {
  for (auto& field : fields_) {
    if (!equal_names(field.first, name)) continue;
    if (!has_token(field.second, token)) field.second.append(", ").append(token);
    return;
  }
  add(std::string(name), std::string(token));
}

bool has_token(std::string_view value, std::string_view token) {
  for (std::size_t start = 0; start <= value.size();) {
    auto end = std::min(value.find(',', start), value.size());
    if (equal_names(trim(value.substr(start, end - start)), token)) return true;
    start = end + 1;
  }
  return false;
}

}  // namespace cairn::http
