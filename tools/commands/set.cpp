#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "commands.h"
#include "shell/context.h"

namespace tool {
namespace {

using postmortem::ErrorCode;
using postmortem::Result;
using postmortem::TaskContext;
using postmortem::TaskContextRequest;

std::optional<std::uint32_t> cpu_number(const std::string& text) {
    std::uint32_t cpu = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, cpu);
    return error == std::errc() && rest == end ? std::optional(cpu) : std::nullopt;
}

Result<TaskContextRequest> request_of(const Arguments& arguments) {
    TaskContextRequest request;
    const bool by_cpu = arguments.has("cpu"), panic = arguments.has("panic");
    if (by_cpu) {
        request.cpu = cpu_number(arguments.text("cpu"));
        if (!request.cpu)
            return postmortem::fail(ErrorCode::InvalidArgument,
                                    fmt::format("set: '{}' is no number of a CPU", arguments.text("cpu")));
    } else if (!arguments.rest.empty()) {
        request.selector = arguments.rest.front();
    } else if (!panic) {
        request.selector = arguments.context;
    }
    return request;
}

Syntax syntax() {
    Syntax syntax{"DUMP [PID|TASK|COMM]",
                  "Tells of one task: the one that brought the kernel down, or the one that is named. In the "
                  "shell it is\n"
                  "what bt, vm, files and others are about from then on.\n\n"
                  "  postmortem set vmcore 1\n"
                  "  crash> set -c 2\n"};
    syntax.options = {on_or_off("panic,p", "the task that brought the kernel down"),
                      text("cpu,c", "CPU", "the task that this CPU was running")};
    syntax.rules.surplus_from = 1;
    syntax.rules.first_given = {{"panic", "cpu"}};
    syntax.rules.drops_operands = syntax.rules.not_in_foreach = {"panic", "cpu"};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const auto context = shell::chosen_context(dump, arguments);
    return context ? print(arguments, *context, output) : output.finish(context.error());
}

}  // namespace

namespace shell {

Result<TaskContext> chosen_context(const postmortem::CrashDump& dump, const Arguments& arguments) {
    const auto request = request_of(arguments);
    if (!request) return postmortem::fail(request.error());
    return postmortem::task_context(dump, *request);
}

std::string selector_of(const TaskContext& context) {
    return context.panic ? "" : fmt::format("{:#x}", context.task);
}

}  // namespace shell

const Command set_command = {"set", "one task: which, where, in what state; in the shell, the current one",
                             syntax, ask, nullptr};

}  // namespace tool
