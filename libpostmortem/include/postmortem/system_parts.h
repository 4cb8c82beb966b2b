// The answers to crash's `sys -c`, `sys config` and `sys -i`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>
#include <postmortem/system_info.h>

namespace postmortem {

class CrashDump;

struct SystemCall {
    std::uint32_t number = 0;
    std::uint64_t address = 0;
    std::string function;             ///< that serves it; empty where no symbol covers it
    std::optional<std::string> file;  ///< with a vmlinux
    std::optional<std::uint32_t> line;
};

struct SystemCallTable {
    std::vector<SystemCall> calls;  ///< by number
    std::string source_root;        ///< what the files' paths begin with; crash writes "../" in its place
    Problems problems;
};

struct SystemCallRequest {
    std::optional<std::uint64_t> number;  ///< this one alone
    std::string part_of_name;             ///< those alone whose function has this in its name
    bool source_lines = false;            ///< look up where each is; needs a vmlinux with DWARF
};

/// NotFound where the kernel has no such table.
POSTMORTEM_API Result<SystemCallTable> system_calls(const CrashDump& dump,
                                                    const SystemCallRequest& request = {});
POSTMORTEM_API std::string to_text(const SystemCallTable& table);
POSTMORTEM_API std::string to_json(const SystemCallTable& table);

/// The configuration that a kernel carries (CONFIG_IKCONFIG).
struct KernelConfig {
    std::string text;    ///< as /proc/config.gz unpacked; untrusted
    std::string module;  ///< that holds it; empty for the kernel itself
    Problems problems;
};

/// NotFound where neither the kernel nor a loaded module holds it; the message says where else it may lie.
POSTMORTEM_API Result<KernelConfig> kernel_config(const CrashDump& dump);
POSTMORTEM_API std::string to_text(const KernelConfig& config);
POSTMORTEM_API std::string to_json(const KernelConfig& config);

/// What the firmware says of the machine; untrusted.
struct FirmwareStrings {
    std::vector<std::pair<std::string, std::string>> strings;  ///< {"DMI_SYS_VENDOR", "QEMU"}
    std::uint32_t longest_name = 0;  ///< of all that this kernel knows, whether the machine has them or not
    Problems problems;
};

/// NotFound where the kernel keeps none.
POSTMORTEM_API Result<FirmwareStrings> firmware_strings(const CrashDump& dump);
POSTMORTEM_API std::string to_text(const FirmwareStrings& firmware);
POSTMORTEM_API std::string to_json(const FirmwareStrings& firmware);

/// "TAINTED_MASK: 3000  OE"
POSTMORTEM_API std::string taint_to_text(const SystemInfo& info);

}  // namespace postmortem
