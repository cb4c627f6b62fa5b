#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "thalweg/timestamp.h"

namespace thalweg {

// A message as brokers carry it, for programs without a struct of their own.
struct Event {
  std::string id;
  Timestamp time;
  std::string key;
  std::string data = "{}";      // A JSON object.
  std::string metadata = "{}";  // A JSON object of texts: where it came from, its headers.

  // A field of `data`; nothing when it is missing, null or of another kind, or `data` is no JSON.
  // Numbers and booleans are texts too. Each call reads `data` anew.
  std::optional<std::string> text(std::string_view field) const;
  std::optional<double> number(std::string_view field) const;

  // Puts a field into `data`, in the place of one of that name. NaN and infinities become null.
  void set(std::string_view field, std::string_view value);
  void set(std::string_view field, const char* value) { set(field, std::string_view(value)); }
  void set(std::string_view field, double value);
  void set(std::string_view field, bool value) { set_json(field, value ? "true" : "false"); }
  template <std::integral T>
  void set(std::string_view field, T value) {
    set_json(field, std::to_string(value));
  }
  // `json`: any value, as JSON writes it. It is not checked.
  void set_json(std::string_view field, std::string_view json);

  // The same for metadata.
  std::optional<std::string> header(std::string_view name) const;
  void set_header(std::string_view name, std::string_view value);
};

}  // namespace thalweg
