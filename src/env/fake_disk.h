#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "env/env.h"

namespace thalweg {

// What goes wrong in a call that changes the disk.
enum class Fault : std::uint8_t {
  kError,      // It fails; of a write half is done.
  kCrash,      // The machine stops before it.
  kTornWrite,  // The machine stops in the middle: half of a write, the whole of anything else.
};

// A disk as a crash shows it: bytes that were not synced are lost, half there or zeros, and names
// that were given, changed or taken since their directory was synced may be as they were before.
// Directories themselves are durable. Not thread-safe.
class FakeDisk {
 public:
  struct File {
    std::string text;
    std::string synced;
    bool sync_failed = false;  // What came since is never safe, whatever later calls say.
  };
  using FileRef = std::shared_ptr<File>;

  // The file under a name; null: none.
  FileRef find(const std::string& path) const {
    const auto found = names_.find(path);
    return found == names_.end() ? nullptr : found->second;
  }
  const std::map<std::string, FileRef>& names() const { return names_; }
  bool is_directory(const std::string& path) const {
    return path == "." || directories_.contains(path);
  }
  const std::set<std::string>& directories() const { return directories_; }
  bool stopped() const { return stopped_; }
  // Grows with every crash.
  std::uint64_t life() const { return life_; }
  std::uint64_t calls() const { return calls_; }

  // The call-th changing call from now on, counted from 1, goes wrong.
  void fail_call(std::uint64_t call, Fault fault) {
    fault_call_ = calls_ + call;
    fault_ = fault;
  }

  void set_full(bool full) { full_ = full; }

  // The machine starts again with what the disk has kept.
  void crash(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const bool in_order = random() % 2 == 0;
    std::set<std::string> undone;
    for (const Change& change : changes_) {
      if ((in_order && undone.contains(change.directory)) || random() % 3 == 0) {
        undone.insert(change.directory);
      } else {
        replay(change);
      }
    }
    changes_.clear();
    names_ = durable_names_;
    for (const auto& [path, file] : names_) {
      file->text = after_crash(*file, random);
      file->synced = file->text;
      file->sync_failed = false;
    }
    stopped_ = false;
    fault_call_ = 0;
    ++life_;
  }

  // By the world outside, safe at once.
  FileRef put(const std::string& path) {
    add_directories(directory_of(path));
    auto file = std::make_shared<File>();
    names_[path] = file;
    durable_names_[path] = file;
    return file;
  }

  // Each of the following is a changing call.

  Status make_directories(const std::string& path) {
    return call("create the directory", path, [&] { add_directories(path); });
  }
  Status create(const std::string& path, FileRef file) {
    return call("create", path, [&] { link(path, std::move(file)); });
  }
  Status rename(const std::string& from, const std::string& to) {
    return call("rename", from, [&] {
      if (is_directory(from)) {
        move_directory(from, to);
        return;
      }
      changes_.push_back({.directory = directory_of(to), .from = from, .to = to, .file = nullptr});
      names_[to] = names_.at(from);
      names_.erase(from);
    });
  }
  Status remove(const std::string& path) {
    return call("remove", path, [&] {
      changes_.push_back(
          {.directory = directory_of(path), .from = path, .to = "", .file = nullptr});
      names_.erase(path);
    });
  }
  Status write(const std::string& path, File& file, std::string_view bytes) {
    Status status = call("write", path, [&] { file.text += bytes; });
    if (!status.ok() && torn_) {
      file.text += bytes.substr(0, bytes.size() / 2);
    }
    return status;
  }
  Status sync(const std::string& path, File& file) {
    Status status = call("sync", path, [&] {
      if (!file.sync_failed) {
        file.synced = file.text;
      }
    });
    file.sync_failed = file.sync_failed || !status.ok();
    return status;
  }
  Status truncate(const std::string& path, std::uint64_t bytes) {
    return call("cut", path, [&] {
      File& file = *names_.at(path);
      // Where all that was lost is cut away, what is written from then on can be made safe.
      file.sync_failed = file.sync_failed && bytes > file.synced.size();
      file.text.resize(bytes);
      if (!file.sync_failed) {
        file.synced = file.text;
      }
    });
  }
  Status sync_directory(const std::string& path) {
    return call("sync the directory", path, [&] {
      for (const Change& change : changes_) {
        if (change.directory == path) {
          replay(change);
        }
      }
      std::erase_if(changes_, [&](const Change& change) { return change.directory == path; });
    });
  }

 private:
  // A name taken, one given, or both at once.
  struct Change {
    std::string directory;
    std::string from;
    std::string to;
    FileRef file;
  };

  template <typename Effect>
  Status call(std::string_view doing, const std::string& path, Effect effect) {
    const auto error = [&](std::string_view why) {
      return unavailable("cannot " + std::string(doing) + " " + path + ": " + std::string(why));
    };
    torn_ = false;
    if (stopped_) {
      return error("the machine has stopped");
    }
    ++calls_;
    if (full_ && doing == "write") {
      torn_ = true;
      return {Code::kNoSpace, "cannot write " + path + ": No space left on device"};
    }
    if (calls_ != fault_call_) {
      effect();
      return {};
    }
    stopped_ = fault_ != Fault::kError;
    torn_ = fault_ != Fault::kCrash;
    if (fault_ == Fault::kTornWrite && doing != "write") {
      effect();
    }
    return error(stopped_ ? "the machine has stopped" : "Input/output error");
  }

  void link(const std::string& path, FileRef file) {
    changes_.push_back({.directory = directory_of(path), .from = "", .to = path, .file = file});
    names_[path] = std::move(file);
  }

  void replay(const Change& change) {
    FileRef file = change.file;
    if (!change.from.empty()) {
      const auto found = durable_names_.find(change.from);
      if (found == durable_names_.end()) {
        return;
      }
      file = found->second;
      durable_names_.erase(found);
    }
    if (!change.to.empty()) {
      durable_names_[change.to] = std::move(file);
    }
  }

  static std::string after_crash(const File& file, std::mt19937_64& random) {
    if (file.text == file.synced || random() % 3 == 0) {
      return file.synced;
    }
    if (!file.text.starts_with(file.synced)) {
      return random() % 2 == 0 ? file.text : file.synced;
    }
    const std::size_t added = file.text.size() - file.synced.size();
    std::string text = file.text.substr(0, file.synced.size() + random() % (added + 1));
    if (text.size() > file.synced.size() && random() % 3 == 0) {
      const std::size_t hole = file.synced.size() + random() % (text.size() - file.synced.size());
      std::fill(text.begin() + static_cast<std::ptrdiff_t>(hole), text.end(), '\0');
    }
    return text;
  }

  void add_directories(const std::string& path) {
    directories_.insert(path);
    if (const std::string parent = directory_of(path); parent != path) {
      add_directories(parent);
    }
  }

  void move_directory(const std::string& from, const std::string& to) {
    const auto moved = [&](const std::string& path) {
      return path == from || path.starts_with(from + '/') ? to + path.substr(from.size()) : path;
    };
    for (std::map<std::string, FileRef>* names : {&names_, &durable_names_}) {
      std::map<std::string, FileRef> after;
      for (auto& [path, file] : *names) {
        after[moved(path)] = file;
      }
      *names = std::move(after);
    }
    std::set<std::string> directories;
    for (const std::string& path : directories_) {
      directories.insert(moved(path));
    }
    directories_ = std::move(directories);
    for (Change& change : changes_) {
      change = {.directory = moved(change.directory),
                .from = moved(change.from),
                .to = moved(change.to),
                .file = std::move(change.file)};
    }
  }

  std::map<std::string, FileRef> names_;
  std::map<std::string, FileRef> durable_names_;
  std::vector<Change> changes_;  // Of names, not durable yet, in order.
  std::set<std::string> directories_;
  std::uint64_t calls_ = 0;
  std::uint64_t fault_call_ = 0;
  Fault fault_ = Fault::kError;
  bool stopped_ = false;
  bool full_ = false;
  bool torn_ = false;  // The last call failed half done.
  std::uint64_t life_ = 0;
};

}  // namespace thalweg
