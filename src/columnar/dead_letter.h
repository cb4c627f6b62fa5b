#pragma once

#include "columnar/type.h"

namespace thalweg {

// A row that could not be read whole: the table it is of, where it stood, why, and its bytes.
// "topic" is a file's path where it stood in a file, and "offset" the byte then; "key", "payload"
// and "partition" are NULL where there are none.
Schema dead_letter_schema();

}  // namespace thalweg
