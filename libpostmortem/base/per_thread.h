// What each thread has one of: working memory that is worth keeping, for a thread's whole life.
#pragma once

#include <memory>

#include <pthread.h>

#include "base/no_memory.h"

namespace postmortem {

/// A T for each thread, made when the thread first asks for its own. (A thread_local whose destructor has to
/// be noted ends the program where there is no memory to note it; this says so as `new` does.)
template <class T>
class PerThread {
  public:
    PerThread() {
        if (::pthread_key_create(&key_, destroy) != 0) tell_of_no_memory();
    }
    PerThread(const PerThread&) = delete;
    PerThread& operator=(const PerThread&) = delete;
    /// Of the caller's thread, since at the end of a program nobody else does it.
    ~PerThread() {
        destroy(::pthread_getspecific(key_));
        ::pthread_key_delete(key_);
    }

    T& own() {
        if (void* const had = ::pthread_getspecific(key_)) return *static_cast<T*>(had);
        auto made = std::make_unique<T>();
        if (::pthread_setspecific(key_, made.get()) != 0) tell_of_no_memory();
        return *made.release();
    }

  private:
    static void destroy(void* own) { delete static_cast<T*>(own); }

    pthread_key_t key_{};
};

}  // namespace postmortem
