// What every command that reads dumps can be told about opening them, and about its limits.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "options.h"

namespace tool {

struct Arguments;

std::vector<Option> dump_options();
/// The same of the kernel in it.
std::vector<Option> kernel_options();

/// The cache of type files where this command may fill it, or that folder on the way to it which is there.
/// The first of them, ~/.cache or $XDG_CACHE_HOME, is made if need be, as the XDG Base Directory
/// Specification wants.
std::optional<std::filesystem::path> cache_to_fill(const Arguments& arguments);

/// What is wrong with --type-sources, as a sentence; empty where nothing is.
std::string wrong_type_sources(const Arguments& arguments);

/// Takes those operands that are further parts of a split dump, as a shell's wildcard gives them.
void take_more_parts(Arguments& arguments);

/// Sets the limit of memory. What is wrong with the sizes, as a sentence; empty where nothing is.
std::string take_limits(const Arguments& arguments);

}  // namespace tool
