#pragma once

#include <memory>

#include "formats/format.h"

namespace thalweg {

// Where an event's fields stand in its JSON object.
enum class DebeziumEnvelope : std::uint8_t { kNone, kPayload };

// What the JSON decoder is to read of an event: `op`, `before` and `after`.
DecoderSpec debezium_event_spec(const DecoderSpec& spec, DebeziumEnvelope envelope);

// Events to rows: `inner` reads debezium_event_spec() of the same. c and r bring a row, d takes one
// away, u does both.
std::unique_ptr<Decoder> make_debezium_decoder(std::unique_ptr<Decoder> inner, DecoderSpec spec,
                                               DebeziumEnvelope envelope);

}  // namespace thalweg
