#include <openssl/evp.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "expr/kernel.h"
#include "expr/simple_function.h"

// Digests, and bytes as text.
namespace thalweg {
namespace {

using enum TypeKind;

constexpr std::string_view kHexDigits = "0123456789abcdef";

void append_hex(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(kHexDigits[byte >> 4]);
    out.push_back(kHexDigits[byte & 15]);
  }
}

using Algorithm = const EVP_MD* (*)();

template <Algorithm kAlgorithm>
RowError digest(std::string_view bytes, std::string& out) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), hash, &size, kAlgorithm(), nullptr) != 1) {
    return RowError::kBadArgument;
  }
  out.append(reinterpret_cast<const char*>(hash), size);
  return RowError::kNone;
}

template <Algorithm kAlgorithm>
RowError hex_digest(std::string_view bytes, std::string& out) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), hash, &size, kAlgorithm(), nullptr) != 1) {
    return RowError::kBadArgument;
  }
  append_hex({reinterpret_cast<const char*>(hash), size}, out);
  return RowError::kNone;
}

std::optional<unsigned> hex_value(char c) {
  const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
  const std::size_t at = kHexDigits.find(lower);
  return at == std::string_view::npos ? std::nullopt : std::optional(static_cast<unsigned>(at));
}

RowError read_hex(std::string_view text, std::string& out) {
  std::optional<unsigned> high;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      continue;
    }
    const std::optional<unsigned> digit = hex_value(c);
    if (!digit) {
      return RowError::kBadArgument;
    }
    if (high) {
      out.push_back(static_cast<char>(*high << 4 | *digit));
      high.reset();
    } else {
      high = digit;
    }
  }
  return high ? RowError::kBadArgument : RowError::kNone;
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Three bytes, or the last one or two, as four characters.
void append_base64_group(std::string_view bytes, std::string& out) {
  unsigned bits = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    bits = bits << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    out.push_back(i <= bytes.size() ? kBase64[bits >> (18 - 6 * i) & 63] : '=');
  }
}

// `line`: characters after which a line ends, 0 for never.
void append_base64(std::string_view bytes, std::size_t line, std::string& out) {
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    if (line != 0 && at > 0 && at / 3 * 4 % line == 0) {
      out.push_back('\n');
    }
    append_base64_group(bytes.substr(at, 3), out);
  }
}

RowError read_base64(std::string_view text, std::string& out) {
  unsigned bits = 0;
  int count = 0;
  int padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      continue;
    }
    const std::size_t digit = kBase64.find(c);
    if (c == '=' ? count < 2 : digit == std::string_view::npos || padding > 0) {
      return RowError::kBadArgument;
    }
    padding += c == '=' ? 1 : 0;
    bits = bits << 6 | (c == '=' ? 0U : static_cast<unsigned>(digit));
    if (++count == 4) {
      for (int i = 0; i < 3 - padding; ++i) {
        out.push_back(static_cast<char>(bits >> (16 - 8 * i) & 255));
      }
      bits = 0;
      count = 0;
    }
  }
  return count == 0 && padding <= 2 ? RowError::kNone : RowError::kBadArgument;
}

// As PostgreSQL's escape: zero bytes and those above 127 in octal, the backslash doubled.
void append_escaped(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0 || byte > 127) {
      out.push_back('\\');
      out.push_back(static_cast<char>('0' + (byte >> 6)));
      out.push_back(static_cast<char>('0' + (byte >> 3 & 7)));
      out.push_back(static_cast<char>('0' + (byte & 7)));
    } else {
      out.append(c == '\\' ? 2 : 1, c);
    }
  }
}

bool is_octal(std::string_view digits) {
  return digits.size() == 3 && digits[0] >= '0' && digits[0] <= '3' && digits[1] >= '0' &&
         digits[1] <= '7' && digits[2] >= '0' && digits[2] <= '7';
}

RowError read_escaped(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
    } else if (const std::string_view octal = text.substr(i + 1, 3); is_octal(octal)) {
      out.push_back(
          static_cast<char>((octal[0] - '0') * 64 + (octal[1] - '0') * 8 + (octal[2] - '0')));
      i += 3;
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      out.push_back(text[++i]);
    } else {
      return RowError::kBadArgument;
    }
  }
  return RowError::kNone;
}

RowError encode(std::string_view bytes, std::string_view form, std::string& out) {
  constexpr std::size_t kMimeLine = 76;
  if (form == "hex") {
    append_hex(bytes, out);
  } else if (form == "base64") {
    append_base64(bytes, kMimeLine, out);
  } else if (form == "escape") {
    append_escaped(bytes, out);
  } else {
    return RowError::kBadArgument;
  }
  return RowError::kNone;
}

RowError decode(std::string_view text, std::string_view form, std::string& out) {
  return form == "hex"      ? read_hex(text, out)
         : form == "base64" ? read_base64(text, out)
         : form == "escape" ? read_escaped(text, out)
                            : RowError::kBadArgument;
}

void to_base64(std::string_view bytes, std::string& out) { append_base64(bytes, 0, out); }

// Negative numbers as their two's complement, in the width of their type.
template <typename T>
void number_in_hex(T value, std::string& out) {
  auto bits = static_cast<std::make_unsigned_t<T>>(value);
  char text[sizeof(T) * 2];
  std::size_t begin = sizeof(text);
  do {
    text[--begin] = kHexDigits[bits & 15];
    bits >>= 4;
  } while (bits != 0);
  out.append(text + begin, sizeof(text) - begin);
}

std::vector<FunctionOverload> of_bytes(std::string_view name, Type (*result)(std::span<const Type>),
                                       Kernel kernel) {
  return {overload(name, {kText}, result, kernel), overload(name, {kBytea}, result, kernel)};
}

Function bytes(std::string_view signature, std::string_view text, std::string_view example,
               std::string_view result, std::vector<FunctionOverload> overloads) {
  return make_function({overloads.front().function,
                        {},
                        signature,
                        "bytes",
                        text,
                        example,
                        result,
                        std::move(overloads)});
}

}  // namespace

std::vector<Function> hash_functions() {
  return {
      bytes("md5(data TEXT | BYTEA) -> TEXT", "The MD5 digest, in hexadecimal.", "md5('abc')",
            "900150983cd24fb0d6963f7d28e17f72",
            of_bytes("md5", always<kText>, map_rows<hex_digest<EVP_md5>>)),
      bytes("sha1(data TEXT | BYTEA) -> BYTEA", "The SHA-1 digest.", "encode(sha1('abc'), 'hex')",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
            of_bytes("sha1", always<kBytea>, map_rows<digest<EVP_sha1>>)),
      bytes("sha256(data TEXT | BYTEA) -> BYTEA", "The SHA-256 digest.",
            "encode(sha256('abc'), 'hex')",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            of_bytes("sha256", always<kBytea>, map_rows<digest<EVP_sha256>>)),
      bytes("sha512(data TEXT | BYTEA) -> BYTEA", "The SHA-512 digest.",
            "left(encode(sha512('abc'), 'hex'), 16)", "ddaf35a193617aba",
            of_bytes("sha512", always<kBytea>, map_rows<digest<EVP_sha512>>)),
      bytes("encode(data BYTEA, form TEXT) -> TEXT",
            "Bytes as text, in the form hex, base64 or escape.", "encode('\\x00ff', 'hex')", "00ff",
            {overload("encode", {kBytea, kText}, always<kText>, map_rows<encode>)}),
      bytes("decode(text TEXT, form TEXT) -> BYTEA",
            "The bytes that a text in the form hex, base64 or escape stands for.",
            "decode('AP8=', 'base64')", "\\x00ff",
            {overload("decode", {kText, kText}, always<kBytea>, map_rows<decode>)}),
      bytes("to_base64(data TEXT | BYTEA) -> TEXT", "In base64, on one line.", "to_base64('abc')",
            "YWJj", of_bytes("to_base64", always<kText>, map_rows<to_base64>)),
      bytes("from_base64(text TEXT) -> BYTEA", "The bytes of a text in base64.",
            "from_base64('YWJj')", "\\x616263",
            {overload("from_base64", {kText}, always<kBytea>, map_rows<read_base64>)}),
      bytes("to_hex(number INT | BIGINT) -> TEXT", "In hexadecimal.", "to_hex(255)", "ff",
            {overload("to_hex", {kInt}, always<kText>, map_rows<number_in_hex<std::int32_t>>),
             overload("to_hex", {kBigint}, always<kText>, map_rows<number_in_hex<std::int64_t>>)}),
  };
}

}  // namespace thalweg
