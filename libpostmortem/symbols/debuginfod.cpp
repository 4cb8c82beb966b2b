#include "symbols/debuginfod.h"

#include <cstdlib>

#include <fmt/format.h>

#ifdef POSTMORTEM_HAS_DEBUGINFOD
#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>

#include <dlfcn.h>
#include <elfutils/debuginfod.h>
#include <unistd.h>
#endif

namespace postmortem {

#ifdef POSTMORTEM_HAS_DEBUGINFOD

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds max_silence{30};

// libdebuginfod is loaded when a file is fetched and not before: it brings libcurl and some thirty libraries
// more, which would take longer to link at every start than most answers take.
struct Library {
    decltype(&::debuginfod_begin) begin = nullptr;
    decltype(&::debuginfod_end) end = nullptr;
    decltype(&::debuginfod_set_user_data) set_user_data = nullptr;
    decltype(&::debuginfod_get_user_data) get_user_data = nullptr;
    decltype(&::debuginfod_set_progressfn) set_progress = nullptr;
    decltype(&::debuginfod_find_debuginfo) find_debuginfo = nullptr;

    static Result<Library> load() {
        void* handle = ::dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
        if (!handle) return fail(ErrorCode::Unsupported, fmt::format("debuginfod: {}", ::dlerror()));
        Library library;
        const bool whole = library.resolve(handle, "debuginfod_begin", library.begin) &&
                           library.resolve(handle, "debuginfod_end", library.end) &&
                           library.resolve(handle, "debuginfod_set_user_data", library.set_user_data) &&
                           library.resolve(handle, "debuginfod_get_user_data", library.get_user_data) &&
                           library.resolve(handle, "debuginfod_set_progressfn", library.set_progress) &&
                           library.resolve(handle, "debuginfod_find_debuginfo", library.find_debuginfo);
        if (!whole) return fail(ErrorCode::Unsupported, "debuginfod: this libdebuginfod lacks a function");
        return library;
    }

  private:
    template <class Function>
    bool resolve(void* handle, const char* name, Function& function) {
        function = reinterpret_cast<Function>(::dlsym(handle, name));
        return function != nullptr;
    }
};

struct Transfer {
    const DownloadProgress& progress;
    long done = 0;
    Clock::time_point last_byte = Clock::now();
    bool silent = false;
    bool cancelled = false;
};

const Result<Library>& library() {
    static const Result<Library> loaded = Library::load();
    return loaded;
}

// libdebuginfod calls this at least once a second; a result other than 0 ends the transfer.
int watch(debuginfod_client* client, long done, long total) {
    auto& transfer = *static_cast<Transfer*>(library()->get_user_data(client));
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
    if (!library()) return fail(library().error());
    const Library& api = *library();
    const std::unique_ptr<debuginfod_client, decltype(&::debuginfod_end)> client(api.begin(), api.end);
    if (!client) return fail(ErrorCode::Io, "debuginfod: the client cannot start");
    Transfer transfer{progress};
    api.set_user_data(client.get(), &transfer);
    api.set_progress(client.get(), watch);
    char* path = nullptr;
    const int fd =
        api.find_debuginfo(client.get(), reinterpret_cast<const unsigned char*>(build_id.c_str()), 0, &path);
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
