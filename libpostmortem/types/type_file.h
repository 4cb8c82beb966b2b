// A type file: the layouts of one kernel's structs, as far as this program asks for them, in some ten
// kilobytes. It begins with lines that people can read ("release: 6.1.0"), up to an empty one; behind it lie
// an excerpt of the kernel's types as BTF and the names that it was made for, packed with zstd.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "symbols/kernel_build.h"
#include "types/type_finder.h"

namespace postmortem {

struct TypeFile {
    KernelBuild build;
    std::string origin;          ///< what the types were read from: "DWARF", "BTF"
    std::vector<std::byte> btf;  ///< of make_excerpt()
    std::string words;           ///< what it was made for, a line each
};

/// The excerpt of everything that the program asks for.
TypeFile make_type_file(const TypeFinder& types, KernelBuild build, std::string origin,
                        std::uint32_t word_bytes);

std::vector<std::byte> pack(const TypeFile& file);

/// `name` is the file's, for messages. Errors: Unsupported where it is no type file, or a newer one; Corrupt.
Result<TypeFile> unpack_type_file(Bytes bytes, std::string_view name);

/// Takes over the file's types; `source` tells what they came from. A file that was made for fewer names than
/// this program asks for says so as damage() does.
Result<std::unique_ptr<TypeFinder>> open_type_file(TypeFile file, std::string source);

/// How many names this program asks for and the file was not made for.
std::size_t names_lacking(const TypeFile& file);

}  // namespace postmortem
