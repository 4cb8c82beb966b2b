// The process that reads the dump, seen from the shell: started when it is first needed and again after it
// was stopped, so that neither a damaged dump nor Ctrl-C ends the shell.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "command.h"
#include "shell/frames.h"
#include "shell/service.h"

namespace tool::shell {

/// Where the pieces of an answer go; false: no more is wanted.
struct Listener {
    std::function<bool(std::string_view)> answer;
    std::function<void(std::string_view)> remark;
};

/// A process that answers by frames.
class Process {
  public:
    Process() = default;
    ~Process() { stop(); }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    bool launch(const std::function<int(const Wires&)>& what_it_runs);
    void stop();
    bool is_running() const { return process_ > 0; }
    bool send(FrameKind kind, std::string_view bytes) { return send_frame(wires_.to_reader, kind, bytes); }
    /// Hands an answer on until it ends, no more is wanted, or Ctrl-C is pressed; but for the first the
    /// process is stopped. The exit code. Frames that are no part of an answer go to `other`.
    int follow(const Listener& listener, const std::function<void(const Frame&)>& other = {});

  private:
    pid_t process_ = -1;
    struct {
        int to_reader = -1, from_reader = -1;
    } wires_;
};

class Reader {
  public:
    /// `arguments` name the dump.
    explicit Reader(const Arguments& arguments) : arguments_(arguments) {}

    /// Opens the dump, unless that is done. Its exit code; where the dump cannot be used, why is a remark.
    int start(const Listener& listener);
    /// Sends a request and hands its answer on. The exit code.
    int ask(FrameKind kind, std::string_view bytes, const Listener& listener);
    /// A command that wants a process, and a sandbox, of its own.
    int run_alone(const Command& command, std::vector<std::string> words, const Listener& listener) const;

    /// The task that `set` chose, as a selector; empty: the panic task.
    const std::string& context() const { return context_; }

  private:
    const Arguments& arguments_;
    Process process_;
    std::string context_;
    std::vector<std::string> values_;  ///< the expressions that `p` has numbered
};

/// Ctrl-C, while a command runs: noticed, and not the end of the shell.
class Interrupts {
  public:
    static void catch_them();
    static void forget() { seen_ = 0; }
    static bool seen() { return seen_ != 0; }
    /// Waits until there is something to read; false where Ctrl-C came first.
    static bool wait_for(int descriptor);

  private:
    static void note(int);
    static volatile int seen_;
};

/// As the shell's, $? : 128 and the number of SIGINT.
inline constexpr int interrupted = 130;

}  // namespace tool::shell
