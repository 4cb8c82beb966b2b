// A saved QEMU machine, written the way QEMU's migration/savevm.c and ram.c write it, field by field.
#pragma once

#include "support/fake_dump.h"

namespace postmortem::test {

struct FakeBlock {
    std::string name;
    std::uint64_t bytes = 0;
};

/// A page as it is sent: `bytes` empty for one of zeros.
struct SentPage {
    std::string block;
    std::uint64_t address = 0;  ///< within the block
    Buffer bytes;
};

struct QemuShape {
    std::string machine = "pc-i440fx-7.2";
    std::vector<FakeBlock> blocks;
    std::size_t pages_in_a_section = 16;
    std::uint32_t cpus = 2;
    bool footers = true;
    std::vector<std::string> capabilities = {};  ///< that the other side must have
    bool huge_pages = false;                     ///< with postcopy, their size stands behind each block's
    bool foreign_sections = false;               ///< of something else that is sent while the machine runs
    std::uint64_t extra_flags = 0;               ///< in the header of every page
};

Buffer make_qemu_save(const std::vector<SentPage>& pages, const QemuShape& shape);

/// What a block of that name and size would send of `memory`: pages that are not there are not sent.
std::vector<SentPage> sent_pages(const FakeMemory& memory, const std::string& block);

/// Register `number` (0 to 15 as in machine code, 16 the next instruction, 17 the flags) of a made processor.
std::uint64_t fake_register(std::uint32_t cpu, unsigned number);

/// Behind libvirt's header and `description`.
Buffer make_libvirt_save(Bytes stream, std::string_view description, bool finished = true);

}  // namespace postmortem::test
