// Which build of which kernel a file or a dump is of, and whether two are the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postmortem {

/// What is not known is empty.
struct KernelBuild {
    std::string build_id;  ///< lower-case hex
    std::string release;   ///< uname -r
    std::string banner;    ///< linux_banner, without the end of its line
};

/// One sentence about the first that differs of build-id, linux_banner and release, taken where both sides
/// know it; `what` is the one side's name, a path. Nothing where they are the same build, as far as can be
/// told.
std::optional<std::string> how_it_differs(std::string_view what, const KernelBuild& its,
                                          const KernelBuild& dumps);

/// The release that a linux_banner tells: "Linux version RELEASE (who@where) …" (init/version.c); nothing
/// where it is none.
std::optional<std::string> release_in_banner(std::string_view banner);
/// The version at its end, "#1 SMP PREEMPT …"; empty where there is none.
std::string_view version_in_banner(std::string_view banner);

}  // namespace postmortem
