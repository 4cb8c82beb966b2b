// What "$1", "$2" and so on stand for in `p`: the expressions whose values this process has printed. Its
// first one is
// "$1". A shell's process that reads the dump may end and be started again: the shell keeps them for it.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace tool {

class ValueHistory {
  public:
    using Listener = std::function<void(const std::string&)>;

    static ValueHistory& of_this_process();

    const std::vector<std::string>& expressions() const { return expressions_; }
    void add(std::string expression);
    void restore(std::vector<std::string> expressions) { expressions_ = std::move(expressions); }
    /// Is told each one that is added.
    void set_listener(Listener listener) { listener_ = std::move(listener); }

  private:
    std::vector<std::string> expressions_;
    Listener listener_;
};

}  // namespace tool
