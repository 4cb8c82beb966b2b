#include "shell/operands.h"

#include <array>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include <elf.h>

namespace tool::shell {
namespace {

using Head = std::array<char, 64>;

Head head_of(const std::string& path) {
    Head head{};
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
    if (file && std::fread(head.data(), 1, head.size(), file.get()) == 0) head = {};
    return head;
}

bool is_kernel_image(const Head& head) {
    if (std::memcmp(head.data(), ELFMAG, SELFMAG) != 0) return false;
    const bool is_big_endian = head[EI_DATA] == ELFDATA2MSB;
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(head[at]); };
    const unsigned type = is_big_endian ? byte(16) << 8 | byte(17) : byte(17) << 8 | byte(16);
    return type == ET_EXEC || type == ET_DYN;
}

// "ffffffff81000000 T _text"
bool is_system_map(const Head& head) {
    const std::string_view line(head.data(), head.size());
    const std::size_t space = line.find(' ');
    if ((space != 8 && space != 16) || line[space + 2] != ' ') return false;
    for (const char c : line.substr(0, space))
        if (!std::isxdigit(static_cast<unsigned char>(c))) return false;
    return std::isalpha(static_cast<unsigned char>(line[space + 1])) != 0;
}

}  // namespace

Operands sort_operands(const std::vector<std::string>& names) {
    Operands operands;
    for (const std::string& name : names) {
        const Head head = head_of(name);
        auto& kind = is_kernel_image(head) ? operands.vmlinux
                     : is_system_map(head) ? operands.system_maps
                                           : operands.dumps;
        kind.push_back(name);
    }
    return operands;
}

}  // namespace tool::shell
