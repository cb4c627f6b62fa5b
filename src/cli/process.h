#pragma once

namespace thalweg::cli {

// Makes of the process what the program relies on, before it opens anything:
// - Standard streams that are closed are held by something that cannot be read or written. Their
//   numbers would else go to the next files opened, and what is printed into those.
// - A reader that has gone, and a file above the limit of its size, are errors of their write.
// - As many files may be open as the system allows without being asked.
void prepare_process();

}  // namespace thalweg::cli
