#include "base/result.h"

namespace cairn {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::unprocessable:
      return "unprocessable";
    case ErrorCode::unauthenticated:
      return "unauthenticated";
    case ErrorCode::bad_credentials:
      return "bad_credentials";
    case ErrorCode::forbidden:
      return "forbidden";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::gone:
      return "gone";
    case ErrorCode::method_not_allowed:
      return "method_not_allowed";
    case ErrorCode::conflict:
      return "conflict";
    case ErrorCode::precondition_failed:
      return "precondition_failed";
    case ErrorCode::too_large:
      return "too_large";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::range_not_satisfiable:
      return "range_not_satisfiable";
    case ErrorCode::rate_limited:
      return "rate_limited";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::storage_full:
      return "storage_full";
    case ErrorCode::quota_exceeded:
      return "quota_exceeded";
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::not_implemented:
      return "not_implemented";
    case ErrorCode::corrupt:
      return "corrupt";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace cairn
