// What each bit of the kernel's taint mask means: its letter in call traces, and in words.
#pragma once

#include <array>

namespace postmortem {

struct TaintKind {
    char letter;
    const char* meaning;
};

// TAINT_* of include/linux/panic.h, by number; a number never changes its meaning.
inline constexpr std::array<TaintKind, 20> taint_kinds = {{
    {'P', "a proprietary module was loaded"},
    {'F', "a module was force-loaded"},
    {'S', "the kernel runs on hardware out of its specification"},
    {'R', "a module was force-unloaded"},
    {'M', "the processor reported a machine check"},
    {'B', "a page was in a bad state"},
    {'U', "user space asked for the taint"},
    {'D', "the kernel has oopsed"},
    {'A', "an ACPI table was overridden"},
    {'W', "the kernel issued a warning"},
    {'C', "a staging driver was loaded"},
    {'I', "a firmware bug was worked around"},
    {'O', "a module from outside the kernel tree was loaded"},
    {'E', "an unsigned module was loaded"},
    {'L', "a CPU was locked up"},
    {'K', "the kernel was live-patched"},
    {'X', "the distribution's own taint"},
    {'T', "the kernel was built with randomised structs"},
    {'N', "an in-kernel test was run"},
    {'J', "user space changed a device's firmware settings"},
}};

}  // namespace postmortem
