// What can go wrong, as a value: every fallible call of the library returns a Result<T>.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include <postmortem/api.h>

namespace postmortem {

/// Why an answer could not be had. Callers may branch on these; the message is for people.
enum class ErrorCode {
    NotMapped,         ///< The page tables say that nothing lies at this virtual address.
    PageExcluded,      ///< The page existed, and the dump filter (makedumpfile -d) left it out.
    PageMissing,       ///< The page should be in the dump, but the file is truncated or lost it.
    NoSuchMemory,      ///< The machine had no memory at this physical address, as far as the dump tells.
    Corrupt,           ///< Bytes are there and contradict their own format.
    Doubtful,          ///< Bytes are there, and something else says that any of them may be wrong.
    Unsupported,       ///< Understood, and not something that this build can read.
    MissingDebugInfo,  ///< A type, symbol table or line table is needed and no source for it was found.
    NotFound,          ///< The thing asked for (symbol, member, pid, file) does not exist.
    Io,                ///< The operating system refused to open or read a file.
    InvalidArgument,   ///< The caller's own argument is malformed.
};

/// A stable, lower-case word for scripts, e.g. "page-excluded".
POSTMORTEM_API std::string_view to_string(ErrorCode code);

/// An error as a value. `message` is one sentence without a final dot and may quote untrusted text from the
/// dump: escape it before it reaches a terminal. `address` is the virtual or physical address concerned.
struct Error {
    ErrorCode code = ErrorCode::Corrupt;
    std::string message;
    std::optional<std::uint64_t> address;

    Error() = default;
    Error(ErrorCode c, std::string m, std::optional<std::uint64_t> a = std::nullopt)
        : code(c), message(std::move(m)), address(a) {}
};

template <class T>
using Result = tl::expected<T, Error>;

/// Shorthand for returning an error from a function that returns Result<T>.
inline tl::unexpected<Error> fail(ErrorCode code, std::string message,
                                  std::optional<std::uint64_t> address = std::nullopt) {
    return tl::make_unexpected(Error(code, std::move(message), address));
}

/// Hands an error on to the caller's own Result type.
inline tl::unexpected<Error> fail(Error error) {
    return tl::make_unexpected(std::move(error));
}

}  // namespace postmortem
