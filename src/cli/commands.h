#pragma once

#include "command_line.h"

namespace thalweg::cli {

// Each runs one command and returns its exit code.
int run_query(const CommandLine& line);
int run_pipeline(const CommandLine& line);
int run_validate(const CommandLine& line);
int run_explain(const CommandLine& line);
int run_checkpoints(const CommandLine& line);
int run_savepoint(const CommandLine& line);
int run_upgrade(const CommandLine& line);
int run_topics(const CommandLine& line);
int run_groups(const CommandLine& line);
int run_demo(const CommandLine& line);
int list_connectors(const CommandLine& line);
int list_functions(const CommandLine& line);
int show_help(const CommandLine& line);
int show_version(const CommandLine& line);

}  // namespace thalweg::cli
