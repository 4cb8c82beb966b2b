// Where an answer of the shell goes: the terminal, by way of a pager where it is long; a program; a file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace tool::shell {

/// Programs are run by /bin/sh, outside of the sandbox that reads the dump.
class Destination {
  public:
    struct Pager {
        std::string program;  ///< empty: none
        unsigned rows = 0;    ///< of the terminal; the pager is for what is longer
    };

    static Destination terminal(const Pager& pager);
    static Destination program(const std::string& command);
    /// `wrong()` says why it cannot be opened, and once something is written, why that failed.
    static Destination file(const std::string& path, bool append);
    /// None: `wrong()` is the sentence.
    static Destination refused(std::string sentence);

    Destination(Destination&& other) noexcept;
    Destination& operator=(Destination&&) = delete;
    ~Destination() { finish(); }

    /// False where nobody reads it any more.
    bool write(std::string_view piece);
    /// Waits for the program's end.
    void finish();
    const std::string& wrong() const { return wrong_; }

  private:
    Destination() = default;
    bool start(const std::string& command);
    bool pass_on(std::string_view piece);

    Pager pager_;
    std::string held_back_;  ///< until it is known whether all of it fits the terminal
    std::size_t lines_ = 0;
    int descriptor_ = -1;
    pid_t program_ = -1;
    bool failed_ = false;
    std::string file_;  // empty: no file
    std::string wrong_;
};

/// Runs a command line by the user's shell and waits; its exit code.
int run_program(const std::string& command);

}  // namespace tool::shell
