#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace thalweg::cli {

struct CommandHelp {
  std::string_view name;
  std::string_view usage;
  std::string_view text;
  std::string_view examples;
};

struct FlagHelp {
  std::string_view name;  // "--format"
  std::string_view text;
  // Names of the commands that know it, between spaces; "-c" is SQL without a command. Empty: all.
  std::string_view commands;
};

std::span<const CommandHelp> command_helps();
std::span<const FlagHelp> flag_helps();

const CommandHelp* find_command(std::string_view name);  // Null: there is none.
bool knows_flag(std::string_view command, const FlagHelp& flag);

// The help text of a command; of the whole program where it is empty or unknown. `bold`: with
// headings in bold.
std::string help_text(std::string_view command, bool bold);

}  // namespace thalweg::cli
