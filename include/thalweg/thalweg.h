#pragma once

// Everything that a program with a pipeline of its own needs.
#include "thalweg/output.h"
#include "thalweg/pipeline.h"
#include "thalweg/session.h"
