#include "symbols/debuginfod.h"

#include <cstdlib>

#include <fmt/format.h>

#ifdef POSTMORTEM_HAS_DEBUGINFOD
#include <chrono>
#include <cstring>
#include <memory>

#include <elfutils/debuginfod.h>
#include <unistd.h>
#endif

namespace postmortem {

#ifdef POSTMORTEM_HAS_DEBUGINFOD

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds max_silence{30};

struct Transfer {
    const DownloadProgress& progress;
    long done = 0;
    Clock::time_point last_byte = Clock::now();
    bool silent = false;
    bool cancelled = false;
};

// libdebuginfod calls this at least once a second; a result other than 0 ends the transfer.
int watch(debuginfod_client* client, long done, long total) {
    auto& transfer = *static_cast<Transfer*>(::debuginfod_get_user_data(client));
    if (done != transfer.done) {
        transfer.done = done;
        transfer.last_byte = Clock::now();
    }
    transfer.silent = Clock::now() - transfer.last_byte > max_silence;
    if (transfer.progress)
        transfer.cancelled = !transfer.progress(static_cast<std::uint64_t>(std::max(done, 0l)),
                                                static_cast<std::uint64_t>(std::max(total, 0l)));
    return transfer.silent || transfer.cancelled ? 1 : 0;
}

}  // namespace

bool debuginfod_is_configured() {
    const char* urls = std::getenv(DEBUGINFOD_URLS_ENV_VAR);
    return urls != nullptr && *urls != '\0';
}

Result<std::filesystem::path> fetch_debuginfo(const std::string& build_id, const DownloadProgress& progress) {
    const std::unique_ptr<debuginfod_client, decltype(&::debuginfod_end)> client(::debuginfod_begin(),
                                                                                 ::debuginfod_end);
    if (!client) return fail(ErrorCode::Io, "debuginfod: the client cannot start");
    Transfer transfer{progress};
    ::debuginfod_set_user_data(client.get(), &transfer);
    ::debuginfod_set_progressfn(client.get(), watch);
    char* path = nullptr;
    const int fd = ::debuginfod_find_debuginfo(
        client.get(), reinterpret_cast<const unsigned char*>(build_id.c_str()), 0, &path);
    const std::unique_ptr<char, decltype(&std::free)> owned(path, std::free);
    if (fd >= 0) {
        ::close(fd);
        return std::filesystem::path(path);
    }
    if (transfer.cancelled) return fail(ErrorCode::Io, "debuginfod: the transfer was cancelled");
    if (transfer.silent)
        return fail(ErrorCode::Io,
                    fmt::format("debuginfod: no data for {} seconds, given up", max_silence.count()));
    return fail(fd == -ENOENT ? ErrorCode::NotFound : ErrorCode::Io,
                fmt::format("debuginfod has nothing for build-id {} ({})", build_id, std::strerror(-fd)));
}

#else

bool debuginfod_is_configured() {
    return false;
}

Result<std::filesystem::path> fetch_debuginfo(const std::string&, const DownloadProgress&) {
    return fail(ErrorCode::Unsupported, "this build has no libdebuginfod");
}

#endif

}  // namespace postmortem
