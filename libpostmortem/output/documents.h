// Every answer that can be had as JSON.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "output/description.h"

namespace postmortem {

struct Document {
    std::string_view name;     ///< as of its schema
    std::string_view command;  ///< that prints it
    const Description& (*description)();
};

/// A new question adds a line.
std::span<const Document> documents();

/// The parts with names that a description refers to, at any depth, in the order in which they are met.
std::vector<const Description*> named_parts(const Description& description);

/// The name where blanks cannot stand: "row-of-a-process-table".
std::string anchor(std::string_view name);

}  // namespace postmortem
