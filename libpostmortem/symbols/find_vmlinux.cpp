// Where the distributions put a vmlinux with symbols, and what their packages are called.
#include <algorithm>

#include <fmt/format.h>

#include "symbols/debuginfod.h"
#include "symbols/vmlinux.h"

namespace postmortem {
namespace {

namespace fs = std::filesystem;

// Both go into paths, and both come from a dump: nothing that could lead elsewhere is let through.
bool is_plain_release(std::string_view release) {
    return !release.empty() && release.size() < 128 && release[0] != '.' &&
           std::all_of(release.begin(), release.end(), [](unsigned char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '.' || c == '-' || c == '_' || c == '+' || c == '~';
           });
}

std::string plain_build_id(std::string id) {
    for (char& c : id) {
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return {};
    }
    return id.size() >= 8 && id.size() <= 128 ? id : std::string();
}

std::vector<fs::path> candidates(const VmlinuxQuery& query) {
    std::vector<fs::path> paths;
    const std::string id = plain_build_id(query.build_id);
    if (!id.empty())
        paths.push_back(query.root / "usr/lib/debug/.build-id" / id.substr(0, 2) / (id.substr(2) + ".debug"));
    if (is_plain_release(query.release)) {
        const std::string& release = query.release;
        const fs::path debug = query.root / "usr/lib/debug";
        for (const fs::path& path : {
                 debug / "boot" / ("vmlinux-" + release),                     // Debian, Ubuntu
                 debug / "lib/modules" / release / "vmlinux",                 // Fedora, RHEL, Debian
                 debug / "usr/lib/modules" / release / "vmlinux",             // the same, merged /usr
                 debug / "lib/modules" / release / "vmlinux.debug",           // openSUSE
                 debug / "usr/lib/modules" / release / "vmlinux.debug",       // the same, merged /usr
                 debug / "boot" / ("vmlinux-" + release + ".debug"),          // SLES
                 query.root / "lib/modules" / release / "build/vmlinux",      // Arch, self-built
                 query.root / "usr/lib/modules" / release / "build/vmlinux",  // the same, without /lib
                 query.root / "lib/modules" / release / "vmlinux",
                 query.root / "boot" / ("vmlinux-" + release),
                 query.root / "usr/src" / ("linux-" + release) / "vmlinux",  // Gentoo
             })
            paths.push_back(path);
    }
    if (!query.beside.empty()) {
        paths.push_back(query.beside / "vmlinux");
        paths.push_back(query.beside / "vmlinux.debug");
        if (is_plain_release(query.release)) {
            paths.push_back(query.beside / ("vmlinux-" + query.release));
            paths.push_back(query.beside / ("vmlinux-" + query.release + ".debug"));
        }
    }
    return paths;
}

Result<std::unique_ptr<Vmlinux>> open_candidate(const fs::path& path, const VmlinuxQuery& query) {
    auto file = Vmlinux::open(path, query.build_id);
    if (!file || !query.build_id.empty()) return file;
    // The dump tells no build-id (kernels before 5.9): the release has to do.
    const std::string release = (*file)->build().release;
    if (!release.empty() && !query.release.empty() && release != query.release)
        return fail(ErrorCode::InvalidArgument, fmt::format("{}: it is of kernel {}, the dump's is {}",
                                                            path.string(), release, query.release));
    return file;
}

std::string describe(const VmlinuxQuery& query) {
    std::string text = query.release.empty() ? "the dump's kernel" : "kernel " + query.release;
    if (!query.build_id.empty()) text += " (build-id " + query.build_id + ")";
    return text;
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
    return fmt::format("{}", fmt::join(parts, separator));
}

/// What the search has met so far.
struct Search {
    std::unique_ptr<Vmlinux> without_dwarf;
    std::vector<std::string> looked_in;
    std::vector<std::string> passed_over;

    // Takes over a candidate that ends the search; notes the others.
    std::unique_ptr<Vmlinux> consider(Result<std::unique_ptr<Vmlinux>> candidate) {
        if (!candidate) {
            passed_over.push_back(std::move(candidate.error().message));
            return nullptr;
        }
        if ((*candidate)->has_dwarf()) return std::move(*candidate);
        if (!without_dwarf) without_dwarf = std::move(*candidate);
        return nullptr;
    }
};

}  // namespace

std::string vmlinux_install_hint(std::string_view release) {
    const auto has = [&](std::string_view part) { return release.find(part) != std::string_view::npos; };
    std::string how;
    if (has(".el") || has(".fc") || has(".amzn") || has(".azl"))
        how =
            fmt::format("install kernel-debuginfo-{} (`dnf debuginfo-install kernel-{}`)", release, release);
    else if (release.ends_with("-generic") || has("-lowlatency") || has("-aws") || has("-azure") ||
             has("-gcp"))
        how = fmt::format("install linux-image-{}-dbgsym from ddebs.ubuntu.com (Ubuntu)", release);
    else if (release.ends_with("-amd64") || has("+deb") || has("-cloud-") || release.ends_with("-arm64") ||
             release.ends_with("-686") || release.ends_with("-686-pae"))
        how = fmt::format("install linux-image-{}-dbg (Debian)", release);
    else if (release.ends_with("-default"))
        how = "install kernel-default-debuginfo of that version (SUSE)";
    else if (has("-arch"))
        how = "set DEBUGINFOD_URLS=https://debuginfod.archlinux.org (Arch Linux)";
    else if (!release.empty())
        how = fmt::format(
            "install the kernel's debug symbols (Debian: linux-image-{0}-dbg; Fedora, RHEL: "
            "kernel-debuginfo-{0}; Ubuntu: linux-image-{0}-dbgsym; SUSE: kernel-default-debuginfo)",
            release);
    else
        how = "install the kernel's debug symbols";
    return how + ", or give --vmlinux FILE";
}

Result<std::unique_ptr<Vmlinux>> find_vmlinux(const VmlinuxQuery& query) {
    Search search;
    for (const fs::path& path : candidates(query)) {
        search.looked_in.push_back(path.string());
        std::error_code ignored;
        if (!fs::exists(path, ignored)) continue;
        if (auto found = search.consider(open_candidate(path, query))) return found;
    }
    const std::string id = plain_build_id(query.build_id);
    if (query.use_debuginfod && debuginfod_is_configured() && !id.empty()) {
        search.looked_in.emplace_back("debuginfod");
        if (auto fetched = fetch_debuginfo(id, query.progress); !fetched)
            search.passed_over.push_back(std::move(fetched.error().message));
        else if (auto found = search.consider(open_candidate(*fetched, query)))
            return found;
    }
    if (search.without_dwarf) return std::move(search.without_dwarf);

    std::string message = "no vmlinux of " + describe(query);
    if (!search.looked_in.empty()) message += "; looked in " + joined(search.looked_in, ", ");
    if (!search.passed_over.empty()) message += "; passed over " + joined(search.passed_over, ", ");
    return fail(ErrorCode::NotFound, message + "; " + vmlinux_install_hint(query.release));
}

}  // namespace postmortem
