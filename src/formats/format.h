#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "base/result.h"
#include "columnar/batch.h"
#include "columnar/decoded_rows.h"
#include "columnar/row_key.h"

namespace thalweg {

// Cuts bytes into whole rows, in order: knows quoted newlines.
class Framer {
 public:
  virtual ~Framer() = default;
  // How many leading bytes of `bytes` are whole rows (0: not one). `bytes` begins at a row's start.
  virtual std::size_t whole_rows(std::string_view bytes) = 0;
  // How many leading bytes of an input say how the rest is to be read (a CSV header), once
  // `bytes` holds a whole row. They are passed to every decoder of the input.
  virtual std::size_t header_bytes(std::string_view /*bytes*/) { return 0; }
};

// The i-th of texts that stand one behind the other, each with a newline before its end, which is
// not part of it.
inline std::string_view text_at(std::string_view bytes, std::span<const std::uint32_t> ends,
                                std::size_t i) {
  const std::size_t begin = i == 0 ? 0 : ends[i - 1];
  return bytes.substr(begin, ends[i] - begin - 1);
}

// By which schema a record is written, as a registry numbers them.
enum class SchemaId : std::uint32_t {};

// Rows that were told apart already: each ends where `ends` says, counted in the bytes, with a
// newline that was put behind it and is not part of it.
struct RecordBytes {
  std::string_view bytes;  // 64 bytes after their end are readable.
  std::span<const std::uint32_t> ends;
  // By record, where each tells its own, which is then no part of its bytes; else empty. Formats
  // that know their rows by the table alone pass them over.
  std::span<const SchemaId> schemas = {};
};

// Turns a block of whole rows into columns. One per worker.
class Decoder {
 public:
  virtual ~Decoder() = default;
  // The header of the input that the next blocks come from, where it has one.
  virtual void set_header(std::string_view /*header*/) {}
  // Starts a block, which must stay alive until the next begin(): 64 bytes after its end are
  // readable. Blocks may come from anywhere in the input; `first` marks the input's first
  // (a CSV header).
  virtual void begin(std::string_view block, bool first) = 0;
  // Starts a block of records, each of which is one row, or is rejected: so is one that is empty,
  // or holds two rows. All must stay alive until the next begin.
  virtual void begin_records(const RecordBytes& records) = 0;
  // The next up to `rows_max` rows of the block; false when the block is used up.
  virtual bool next(std::uint32_t rows_max, DecodedRows& out) = 0;
};

// Writes rows for the outside world. One per worker.
class Encoder {
 public:
  virtual ~Encoder() = default;
  // Before the first row: a CSV header, say.
  virtual void begin(const Schema& schema, std::string& out) = 0;
  virtual void encode(const Schema& schema, const Batch& batch, std::string& out) = 0;
  // After the last row: a closing bracket, say.
  virtual void end(std::string& /*out*/) {}
  // By which schema the messages are written that encode() wrote last; nothing where formats have
  // no ids. Whoever sends them tells it with each.
  virtual std::optional<SchemaId> schema() const { return std::nullopt; }

  // Has encode() add to `ends` where each message ends in `out`, its newline included. Borrowed;
  // nullptr: no more.
  void note_ends(std::vector<std::uint32_t>* ends) { ends_ = ends; }

 protected:
  void end_message(const std::string& out) {
    if (ends_ != nullptr) {
      ends_->push_back(static_cast<std::uint32_t>(out.size()));
    }
  }

 private:
  std::vector<std::uint32_t>* ends_ = nullptr;
};

enum class ShowChanges : std::uint8_t {
  kNo,       // Rows are only ever added.
  kOps,      // With a first column `op`: +I, -U and +U side by side, -D.
  kUpserts,  // The same of +U, the row that now stands for its key, and -D, which has but the key.
};

// How an encoder writes changes. Requires: kUpserts has a key.
struct ChangeStyle {
  ShowChanges show = ShowChanges::kNo;
  RowKey key = std::nullopt;
};

// What a decoder is to yield: the fields the query reads, in the table's order.
struct DecoderSpec {
  Schema schema;               // Needed fields only, names as declared.
  std::vector<bool> not_null;  // One per field.
  // Each field's place among the declared physical columns (CSV without a header).
  std::vector<std::uint32_t> indexes;
  std::uint32_t declared_columns = 0;
  bool row_offsets = false;
  // Each row has a first field `op` that says whether it comes or goes. Only where the format
  // does not carry changes anyway.
  bool reads_ops = false;
  // Which fields tell the row that goes, where the others of such a row may be missing; empty: all.
  std::vector<bool> key;
  // The path of a nested field that has to have all of its members where it is there, if any.
  std::string whole_field;
};

class Format {
 public:
  virtual ~Format() = default;
  virtual std::string_view name() const = 0;
  virtual std::vector<std::string_view> aliases() const { return {}; }
  // How the names of files in this format end, without a dot.
  virtual std::string_view extension() const { return name(); }
  virtual std::span<const OptionSpec> options() const = 0;
  // Whether its rows say themselves whether they come or go; else its option `mode` says it.
  virtual bool carries_changes() const { return false; }
  virtual std::unique_ptr<Framer> make_framer(const Options& options) const = 0;
  virtual Result<std::unique_ptr<Decoder>> make_decoder(const Options& options,
                                                        DecoderSpec spec) const = 0;
  virtual Result<std::unique_ptr<Encoder>> make_encoder(const Options& options,
                                                        const ChangeStyle& changes = {}) const = 0;
  // Names and types from the first rows of an input.
  virtual Result<Schema> infer(const Options& options, std::string_view sample) const = 0;
};

// By name or alias; nullptr when there is none.
const Format* find_format(std::string_view name);
std::span<const Format* const> formats();

// The option of formats that leave it to the table whether rows come and go.
const OptionSpec& mode_option();

// The longest row that an input may have: its option max_row_bytes, or 16 MiB.
std::size_t row_bytes_max(const Options& options);
// What people are told of a row that is longer; `bytes`: how long, where that is known.
std::string describe_too_long(std::optional<std::size_t> bytes, std::size_t bytes_max);

// Rows as one JSON array: for answers, not for tables.
std::unique_ptr<Encoder> make_json_array_encoder(const ChangeStyle& changes);

}  // namespace thalweg
