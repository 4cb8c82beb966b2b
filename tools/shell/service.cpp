#include "shell/service.h"

#include <algorithm>
#include <functional>
#include <memory>

#include <fmt/format.h>

#include <postmortem/names.h>

#include "commands.h"
#include "shell/completion.h"
#include "shell/context.h"
#include "shell/frames.h"
#include "value_history.h"

namespace tool::shell {
namespace {

struct StreamCloser {
    void operator()(std::FILE* stream) const { std::fclose(stream); }
};
using Stream = std::unique_ptr<std::FILE, StreamCloser>;

std::vector<std::string> words_of(std::string_view bytes) {
    std::vector<std::string> words;
    while (!bytes.empty()) {
        const std::size_t end = std::min(bytes.find('\0'), bytes.size());
        words.emplace_back(bytes.substr(0, end));
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
    return words;
}

// Streams that end up in the shell, and what a command says when it ends.
int answer_by_frames(const Wires& wires, const std::function<int(Output&)>& command) {
    const Stream answers(open_frame_stream(wires.to_shell, FrameKind::Answer));
    const Stream remarks(open_frame_stream(wires.to_shell, FrameKind::Remark));
    if (!answers || !remarks) return unusable_input;
    Output output(answers.get(), remarks.get());
    const int exit_code = command(output);
    std::fflush(answers.get());
    std::fflush(remarks.get());
    send_frame(wires.to_shell, FrameKind::End, std::to_string(exit_code));
    return exit_code;
}

class Service {
  public:
    Service(const postmortem::CrashDump& dump, const Wires& wires) : dump_(dump), wires_(wires) {}

    void answer(const Frame& request) {
        answer_by_frames(wires_, [&](Output& output) {
            return request.kind == FrameKind::Complete ? output.finish(completions(dump_, request.bytes), {})
                                                       : run_words(words_of(request.bytes), output);
        });
    }

  private:
    int run_words(const std::vector<std::string>& words, Output& output) {
        if (words.size() < 3) return usage_error;
        const std::string &context = words[0], &radix = words[1], &name = words[2];
        std::vector<std::string> rest(words.begin() + 3, words.end());
        const Command* command = find_command(name);
        if (!command && (command = command_for_name(name))) rest.insert(rest.begin(), name);
        if (!command || !command->ask)
            return output.complain(fmt::format("{}; see `help`", no_command(name)));
        auto [arguments, exit_code] = parse_for_open_dump(*command, rest, output);
        if (!arguments) return exit_code;
        arguments->context = context;
        if (radix == "16") take_hex_by_default(command->syntax(), *arguments);
        if (name == "set") remember_context(*arguments);
        return ask(*command, dump_, *arguments, output);
    }

    // As in crash a variable's or a type's name alone asks for it.
    const Command* command_for_name(const std::string& name) const {
        const std::string root = name.substr(0, name.find_first_of(".[-"));
        if (is_name(dump_, postmortem::NameKind::Symbol, name)) return find_command("p");
        return root != name || is_name(dump_, postmortem::NameKind::Type, name) ? find_command("struct")
                                                                                : nullptr;
    }

    void remember_context(const Arguments& arguments) {
        if (const auto chosen = chosen_context(dump_, arguments))
            send_frame(wires_.to_shell, FrameKind::Context, selector_of(*chosen));
    }

    const postmortem::CrashDump& dump_;
    Wires wires_;
};

}  // namespace

bool runs_alone(const Command& command) {
    const Syntax syntax = command.syntax();
    return !command.ask || !syntax.makes.empty() || !syntax.changes.empty();
}

bool takes_context(const Command& command) {
    const auto options = command.syntax().options;
    return std::any_of(options.begin(), options.end(),
                       [](const Option& option) { return std::string_view(option.name) == "context"; });
}

int serve_once(const Command& command, const std::vector<std::string>& words, const Wires& wires) {
    return answer_by_frames(wires, [&](Output& output) { return run(command, words, output); });
}

int serve(const Arguments& arguments, const Wires& wires) {
    Syntax any_command{"", ""};
    any_command.disassembles = true;
    enter_sandbox_for(any_command, arguments);
    std::optional<postmortem::CrashDump> dump;
    const int exit_code = answer_by_frames(wires, [&](Output& output) {
        auto opened = open_dump(arguments);
        if (!opened) return output.refuse(opened.error());
        dump.emplace(std::move(*opened));
        return static_cast<int>(whole_answer);
    });
    if (!dump) return exit_code;
    Service service(*dump, wires);
    ValueHistory::of_this_process().set_listener(
        [&](const std::string& expression) { send_frame(wires.to_shell, FrameKind::Value, expression); });
    while (const auto request = receive_frame(wires.from_shell)) service.answer(*request);
    return whole_answer;
}

}  // namespace tool::shell
