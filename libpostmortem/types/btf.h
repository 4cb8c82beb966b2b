// Types from BTF, the compact type information that kernels carry in their own memory
// (CONFIG_DEBUG_INFO_BTF).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "types/type_finder.h"

namespace postmortem {

/// What stands for the bytes of BTF that could not be read. It is no valid type and ends no name, so that a
/// hole costs the types that lie in it and behind it, and the names in it, and cannot pass for anything else.
constexpr std::byte btf_hole{0xff};

/// Of struct btf_header (include/uapi/linux/btf.h), as the first version had it.
constexpr std::size_t btf_header_bytes = 24;

/// How many bytes of BTF begin with this header; nothing where it is none.
std::optional<std::uint64_t> btf_size(Bytes header, Endian endian);

/// Takes the bytes of a .BTF section (the kernel's __start_BTF to __stop_BTF, or a vmlinux's section).
/// `source` names where they come from. Errors: Corrupt where nothing can be made of them. Where only the
/// types up to a malformed one are good, they are found, and a search for another fails with Corrupt; so it
/// does where `lost_pages` of the bytes are holes. `plain_char_is_signed` holds for BTF that does not tell of
/// any char whether it is (pahole of 5.10).
Result<std::unique_ptr<TypeFinder>> open_btf(ByteBuffer bytes, std::string source, std::size_t lost_pages = 0,
                                             bool plain_char_is_signed = false);
Result<std::unique_ptr<TypeFinder>> open_btf(std::vector<std::byte> bytes, std::string source,
                                             bool plain_char_is_signed = false);

/// BTF that make_excerpt() made: no module's BTF goes on where it ends. `lacking` says what it holds nothing
/// of though it is asked for, as damage() of other sources does.
Result<std::unique_ptr<TypeFinder>> open_excerpt(std::vector<std::byte> bytes, std::string source,
                                                 std::optional<Error> lacking = std::nullopt);

/// The BTF of a module, whose type ids and strings go on where those of the kernel's BTF end; finds the types
/// of both. `base` must outlive it. Errors: Corrupt; Unsupported where `base` does not come from BTF.
Result<std::unique_ptr<TypeFinder>> open_split_btf(const TypeFinder& base, std::vector<std::byte> bytes,
                                                   std::string source);

/// Calls `visit` for the name of every type that has one, until it returns false. Of types that are no BTF it
/// tells none: DWARF would have to be read whole.
void for_each_type_name(const TypeFinder& types, const std::function<bool(std::string_view)>& visit);

}  // namespace postmortem
