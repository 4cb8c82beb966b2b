#include "value_history.h"

namespace tool {

ValueHistory& ValueHistory::of_this_process() {
    static ValueHistory history;
    return history;
}

void ValueHistory::add(std::string expression) {
    if (listener_) listener_(expression);
    expressions_.push_back(std::move(expression));
}

}  // namespace tool
