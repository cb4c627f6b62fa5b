#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stream/sink.h"
#include "stream/source.h"
#include "thalweg/detail/graph.h"

namespace thalweg {

// Rows that the program makes: `columns` are the numbers of the fields that are read.
std::unique_ptr<Source> make_program_source(std::string name,
                                            std::unique_ptr<detail::RowProducer> producer,
                                            std::vector<detail::FieldInfo> fields, bool bounded,
                                            std::vector<std::uint32_t> columns);

// Rows that the program takes, by one thread at a time.
std::unique_ptr<Sink> make_program_sink(
    std::function<std::unique_ptr<detail::RowsFunction>()> make);

}  // namespace thalweg
