// ELF notes: name, type and descriptor, one behind the other. They carry the registers of each CPU and
// VMCOREINFO.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "dump/dump_file.h"

namespace postmortem {

/// A machine of 16,384 CPUs needs a twentieth of this; what is beyond is not read.
constexpr std::size_t max_notes = 1u << 20;

/// Appends every note of `area` to `notes`; they borrow from it. Returns what is wrong where the area ends in
/// the middle of a note; the notes before that are kept.
std::optional<Error> append_notes(Bytes area, Endian endian, std::vector<Note>& notes);

/// The text of the VMCOREINFO note; empty where there is none.
std::string_view vmcoreinfo_in(const std::vector<Note>& notes);

/// The VMCOREINFO text that `bytes` start with: up to a NUL, or all of it, within VmcoreInfo::max_size.
std::string_view vmcoreinfo_text(Bytes bytes);

}  // namespace postmortem
