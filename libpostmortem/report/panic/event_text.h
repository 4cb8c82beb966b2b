// What a log says of one event, a phrase for each row of `panic`; empty where it says nothing.
#pragma once

#include <string>

#include <postmortem/log_analysis.h>

namespace postmortem::event_text {

/// The kernel's own headline, and where it stands in the log.
std::string kernel_says(const LogEvent& event);
std::string outcome(const LogEvent& event);
std::string first_oops_missing(const LogEvent& event);
/// `earlier` is an oops that the machine lived on from before the event.
std::string earlier_oops(const LogEvent& event, const LogEvent& earlier);
/// Of a stall: who did not get on, and for how long.
std::string stalled(const LogEvent& event);
/// The address that could not be accessed, and what such an address means.
std::string fault(const LogEvent& event);
std::string task(const LogEvent& event);
std::string taint(const LogEvent& event);
/// "function+0x12 [module]"
std::string place(const LogFrame& frame);

}  // namespace postmortem::event_text
