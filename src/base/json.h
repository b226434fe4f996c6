#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <boost/mp11.hpp>

#include "base/result.h"

/// JSON through Boost.JSON, and structs that describe themselves once (Boost.Describe): from the
/// one description come reading with errors that name the field, writing, and the OpenAPI schema.
///
///   struct CreateBranch { std::optional<std::string> startingPoint; };
///   BOOST_DESCRIBE_STRUCT(CreateBranch, (), (startingPoint))
///
/// Member names are the wire's names; one trailing underscore is dropped (`private_` is "private").
/// Unknown members are ignored when reading: newer clients send what older hubs do not know.
namespace cairn {

namespace json = boost::json;

/// Depth of the JSON that anyone can send: deeper is refused, so that no reader recurses further.
constexpr std::size_t json_depth_max = 32;

/// RFC 8259. @return `invalid_argument`, word "InvalidJson", with the place of the mistake.
[[nodiscard]] Result<json::value> parse_json(std::string_view text);

namespace detail {

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_string_map : std::false_type {};
template <class T>
struct is_string_map<std::map<std::string, T>> : std::true_type {};

template <class T>
using members = boost::describe::describe_members<T, boost::describe::mod_public>;

constexpr std::string_view wire_name(const char* member) {
  std::string_view name(member);
  if (name.ends_with('_')) name.remove_suffix(1);
  return name;
}

inline Failure wrong_type(const std::string& where, std::string_view expected) {
  return fail(ErrorCode::invalid_argument, "InvalidRequest",
              (where.empty() ? std::string("The body") : "\"" + where + "\"") + " must be " +
                  std::string(expected) + ".");
}

}  // namespace detail

/// Reads a T. @param where  the path of `value` for messages, empty for the body itself.
/// @return `invalid_argument`, word "InvalidRequest", naming the field.
template <class T>
[[nodiscard]] Result<T> read_json(const json::value& value, const std::string& where = {}) {
  using namespace detail;
  if constexpr (std::is_same_v<T, json::value>) {
    return value;
  } else if constexpr (std::is_same_v<T, json::object>) {
    if (auto* object = value.if_object()) return *object;
    return wrong_type(where, "an object");
  } else if constexpr (is_optional<T>::value) {
    if (value.is_null()) return T{};
    CAIRN_TRY(inner, read_json<typename T::value_type>(value, where));
    return T{std::move(inner)};
  } else if constexpr (std::is_same_v<T, bool>) {
    if (auto* b = value.if_bool()) return *b;
    return wrong_type(where, "true or false");
  } else if constexpr (std::is_integral_v<T>) {
    json::error_code failed;
    auto number = value.to_number<T>(failed);
    if (failed) return wrong_type(where, "a whole number");
    return number;
  } else if constexpr (std::is_floating_point_v<T>) {
    json::error_code failed;
    auto number = value.to_number<T>(failed);
    if (failed) return wrong_type(where, "a number");
    return number;
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (auto* s = value.if_string()) return std::string(*s);
    return wrong_type(where, "a text");
  } else if constexpr (is_vector<T>::value) {
    auto* array = value.if_array();
    if (!array) return wrong_type(where, "a list");
    T out;
    out.reserve(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
      CAIRN_TRY(item, read_json<typename T::value_type>((*array)[i],
                                                        where + "[" + std::to_string(i) + "]"));
      out.push_back(std::move(item));
    }
    return out;
  } else if constexpr (is_string_map<T>::value) {
    auto* object = value.if_object();
    if (!object) return wrong_type(where, "an object");
    T out;
    for (const auto& [key, member] : *object) {
      CAIRN_TRY(item, read_json<typename T::mapped_type>(
                          member, (where.empty() ? "" : where + ".") + std::string(key)));
      out.emplace(std::string(key), std::move(item));
    }
    return out;
  } else {
    auto* object = value.if_object();
    if (!object) return wrong_type(where, "an object");
    T out{};
    std::optional<Error> failed;
    boost::mp11::mp_for_each<members<T>>([&](auto d) {
      if (failed) return;
      using Member = std::remove_cvref_t<decltype(out.*d.pointer)>;
      std::string name(wire_name(d.name));
      std::string path = where.empty() ? name : where + "." + name;
      auto* member = object->if_contains(name);
      if (!member) {
        if constexpr (!is_optional<Member>::value && !is_vector<Member>::value &&
                      !is_string_map<Member>::value)
          failed =
              fail(ErrorCode::invalid_argument, "InvalidRequest", "\"" + path + "\" is missing.")
                  .error();
        return;
      }
      auto read = read_json<Member>(*member, path);
      if (read)
        out.*d.pointer = std::move(*read);
      else
        failed = std::move(read).error();
    });
    if (failed) return std::unexpected(std::move(*failed));
    return out;
  }
}

/// Parses and reads in one step.
template <class T>
[[nodiscard]] Result<T> parse_json_as(std::string_view text) {
  CAIRN_TRY(value, parse_json(text));
  return read_json<T>(value);
}

/// Writes a T; members that are empty optionals are left out (many clients trip over null).
template <class T>
[[nodiscard]] json::value to_json(const T& in) {
  using namespace detail;
  if constexpr (std::is_same_v<T, json::value> || std::is_same_v<T, json::object> ||
                std::is_same_v<T, json::array> || std::is_same_v<T, bool> ||
                std::is_arithmetic_v<T>) {
    return json::value(in);
  } else if constexpr (std::is_convertible_v<T, std::string_view>) {
    return json::value(json::string_view(std::string_view(in)));
  } else if constexpr (is_optional<T>::value) {
    return in ? to_json(*in) : json::value(nullptr);
  } else if constexpr (is_vector<T>::value) {
    json::array out;
    out.reserve(in.size());
    for (const auto& item : in) out.push_back(to_json(item));
    return out;
  } else if constexpr (is_string_map<T>::value) {
    json::object out;
    for (const auto& [key, item] : in) out[key] = to_json(item);
    return out;
  } else {
    json::object out;
    boost::mp11::mp_for_each<members<T>>([&](auto d) {
      const auto& member = in.*d.pointer;
      if constexpr (is_optional<std::remove_cvref_t<decltype(member)>>::value)
        if (!member) return;
      out[json::string_view(wire_name(d.name))] = to_json(member);
    });
    return out;
  }
}

template <class T>
[[nodiscard]] std::string to_json_text(const T& in) {
  return json::serialize(to_json(in));
}

/// The JSON Schema (OpenAPI 3.1) of a T, from the same description.
template <class T>
[[nodiscard]] json::value json_schema() {
  using namespace detail;
  if constexpr (std::is_same_v<T, json::value>) {
    return json::object{};
  } else if constexpr (std::is_same_v<T, json::object>) {
    return json::object{{"type", "object"}};
  } else if constexpr (std::is_same_v<T, json::array>) {
    return json::object{{"type", "array"}};
  } else if constexpr (is_optional<T>::value) {
    return json_schema<typename T::value_type>();
  } else if constexpr (std::is_same_v<T, bool>) {
    return json::object{{"type", "boolean"}};
  } else if constexpr (std::is_integral_v<T>) {
    return json::object{{"type", "integer"}};
  } else if constexpr (std::is_floating_point_v<T>) {
    return json::object{{"type", "number"}};
  } else if constexpr (std::is_same_v<T, std::string>) {
    return json::object{{"type", "string"}};
  } else if constexpr (is_vector<T>::value) {
    return json::object{{"type", "array"}, {"items", json_schema<typename T::value_type>()}};
  } else if constexpr (is_string_map<T>::value) {
    return json::object{{"type", "object"},
                        {"additionalProperties", json_schema<typename T::mapped_type>()}};
  } else {
    json::object properties;
    json::array required;
    boost::mp11::mp_for_each<members<T>>([&](auto d) {
      using Member = std::remove_cvref_t<decltype(std::declval<T>().*d.pointer)>;
      auto name = json::string_view(wire_name(d.name));
      properties[name] = json_schema<Member>();
      if (!is_optional<Member>::value && !is_vector<Member>::value && !is_string_map<Member>::value)
        required.emplace_back(name);
    });
    json::object out{{"type", "object"}, {"properties", std::move(properties)}};
    if (!required.empty()) out["required"] = std::move(required);
    return out;
  }
}

}  // namespace cairn
