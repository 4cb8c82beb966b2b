#include "log/signature.h"

#include <fmt/format.h>

#include "log/function_name.h"
#include "log/guilty.h"
#include "log/name_set.h"

namespace postmortem {
namespace {

constexpr std::size_t max_functions = 3;

// What slab debugging and list checks put on top; their titles carry no function, but ids need one.
bool is_checker(std::string_view function) {
    static const NameSet names = {"object_err",
                                  "print_trailer",
                                  "free_debug_processing",
                                  "alloc_debug_processing",
                                  "free_to_partial_list",
                                  "on_freelist",
                                  "check_bytes_and_report",
                                  "init_object",
                                  "handle_bug",
                                  "exc_",
                                  "asm_exc_",
                                  "ret_from_exception"};
    return names.matches(function);
}

std::vector<std::string> functions_of(const Naming& naming) {
    std::vector<std::string> functions;
    if (naming.blamed >= naming.candidates.size()) return functions;
    const std::string& module = naming.candidates[naming.blamed].module;
    for (std::size_t i = naming.blamed; i < naming.candidates.size() && functions.size() < max_functions;
         ++i) {
        const Candidate& candidate = naming.candidates[i];
        const std::string function(without_syscall_prefix(candidate.function));
        if (i != naming.blamed &&
            (is_dispatcher(function) || (!module.empty() && candidate.module != module)))
            break;
        // A recursion is one function however deep it went.
        if (is_checker(function) || (!functions.empty() && functions.back() == function)) continue;
        functions.push_back(function);
    }
    return functions;
}

std::string hash(std::string_view text) {
    std::uint64_t value = 0xcbf29ce484222325;
    for (const char c : text) {
        value ^= static_cast<unsigned char>(c);
        value *= 0x100000001b3;
    }
    return fmt::format("{:012x}", value >> 16);
}

}  // namespace

void sign(const Naming& naming, LogEvent& event) {
    event.signature_frames = functions_of(naming);
    std::string text(to_string(event.event_class));
    for (const std::string& function : event.signature_frames) text += "|" + function;
    if (event.signature_frames.empty()) text += "|" + naming.title;
    event.id = hash(text);
}

}  // namespace postmortem
