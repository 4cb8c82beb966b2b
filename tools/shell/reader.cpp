#include "shell/reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shell/service.h"
#include "value_history.h"

namespace tool::shell {

namespace {

constexpr long most_descriptors = 4096;  // a shell has a dozen, and the lowest numbers that are free

// What a fork inherits: were the pipe to a program among them, that program would wait for its end forever.
void close_all_but(int one, int other) {
    const int limit = static_cast<int>(std::clamp(::sysconf(_SC_OPEN_MAX), 256l, most_descriptors));
    for (int descriptor = STDERR_FILENO + 1; descriptor < limit; ++descriptor)
        if (descriptor != one && descriptor != other) ::close(descriptor);
}

}  // namespace

volatile int Interrupts::seen_ = 0;

void Interrupts::note(int) {
    seen_ = 1;
}

void Interrupts::catch_them() {
    struct sigaction action {};
    action.sa_handler = note;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

bool Interrupts::wait_for(int descriptor) {
    sigset_t blocked, before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGINT);
    ::sigprocmask(SIG_BLOCK, &blocked, &before);
    ::sigdelset(&before, SIGINT);
    pollfd wanted{descriptor, POLLIN, 0};
    int ready = 0;
    while (!seen() && ready <= 0) {
        ready = ::ppoll(&wanted, 1, nullptr, &before);
        if (ready < 0 && errno != EINTR) break;
    }
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return !seen();
}

bool Process::launch(const std::function<int(const Wires&)>& what_it_runs) {
    std::array<int, 2> requests, answers;
    if (::pipe2(requests.data(), O_CLOEXEC) != 0) return false;
    if (::pipe2(answers.data(), O_CLOEXEC) != 0) {
        for (const int end : requests) ::close(end);
        return false;
    }
    process_ = ::fork();
    if (process_ == 0) {
        ::signal(SIGINT, SIG_IGN);
        close_all_but(requests[0], answers[1]);
        ::_exit(what_it_runs({requests[0], answers[1]}));
    }
    ::close(requests[0]);
    ::close(answers[1]);
    wires_ = {requests[1], answers[0]};
    if (process_ > 0) return true;
    ::close(wires_.to_reader);
    ::close(wires_.from_reader);
    return false;
}

void Process::stop() {
    if (process_ <= 0) return;
    ::close(wires_.to_reader);
    ::close(wires_.from_reader);
    ::kill(process_, SIGKILL);
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) continue;
    process_ = -1;
}

int Process::follow(const Listener& listener, const std::function<void(const Frame&)>& other) {
    while (Interrupts::wait_for(wires_.from_reader)) {
        const auto frame = receive_frame(wires_.from_reader);
        if (!frame) {
            stop();
            listener.remark(
                "postmortem: the process that reads the dump has died of this command; the next "
                "command starts another\n");
            return unusable_input;
        }
        if (frame->kind == FrameKind::End) return std::atoi(frame->bytes.c_str());
        if (frame->kind == FrameKind::Remark)
            listener.remark(frame->bytes);
        else if (frame->kind != FrameKind::Answer && other)
            other(*frame);
        else if (frame->kind == FrameKind::Answer && !listener.answer(frame->bytes)) {
            stop();
            return whole_answer;
        }
    }
    stop();
    return interrupted;
}

int Reader::start(const Listener& listener) {
    if (process_.is_running()) return whole_answer;
    const auto read_dump = [&](const Wires& wires) {
        ValueHistory::of_this_process().restore(values_);
        return serve(arguments_, wires);
    };
    if (!process_.launch(read_dump)) {
        listener.remark("postmortem: no process can be started to read the dump\n");
        return unusable_input;
    }
    const int exit_code = process_.follow(listener);
    if (exit_code != whole_answer) process_.stop();
    return exit_code;
}

int Reader::ask(FrameKind kind, std::string_view bytes, const Listener& listener) {
    if (const int exit_code = start(listener); exit_code != whole_answer) return exit_code;
    if (!process_.send(kind, bytes)) {
        process_.stop();
        listener.remark(
            "postmortem: the process that reads the dump has ended; the next command starts "
            "another\n");
        return unusable_input;
    }
    return process_.follow(listener, [&](const Frame& frame) {
        if (frame.kind == FrameKind::Context) context_ = frame.bytes;
        if (frame.kind == FrameKind::Value) values_.push_back(frame.bytes);
    });
}

int Reader::run_alone(const Command& command, std::vector<std::string> words,
                      const Listener& listener) const {
    if (command.syntax().needs_input) words.insert(words.begin(), arguments_.dump);
    Process process;
    const bool launched =
        process.launch([&](const Wires& wires) { return serve_once(command, words, wires); });
    return launched ? process.follow(listener) : static_cast<int>(unusable_input);
}

}  // namespace tool::shell
