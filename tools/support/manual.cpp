#include "support/manual.hpp"

#include <algorithm>
#include <catvox/core/version.hpp>
#include <cctype>
#include <string_view>

namespace tools {

namespace {

using Options = std::vector<const CLI::Option*>;

std::vector<const Command*> visible(const std::vector<Command>& commands) {
  std::vector<const Command*> list;
  for (const Command& command : commands) {
    if (!command.app->get_group().empty()) list.push_back(&command);
  }
  return list;
}

Options options_of(const CLI::App& app) {
  return app.get_options(
      [](const CLI::Option* option) { return !option->get_group().empty() && option->nonpositional(); });
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for (std::size_t at; (at = text.find(from)) != std::string_view::npos; text.remove_prefix(at + from.size())) {
    result.append(text.substr(0, at)).append(to);
  }
  return result.append(text);
}

/// "-h,--help" as {"-h", "--help"}
std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

std::string joined(const std::vector<std::string>& words, const std::string& between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

int value_count(const CLI::Option& option) { return option.get_type_size() == 0 ? 0 : option.get_expected_min(); }

/// The words of "{a,b}"; none for another kind of value.
std::string choices(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (!type.starts_with('{')) return "";
  return replaced(type.substr(1, type.size() - 2), ",", " ");
}

bool is_path(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.find("FILE") != std::string::npos || type.find("FOLDER") != std::string::npos;
}

// ---- manual page

/// Text as roff takes it: every character stands for itself.
std::string roff(std::string_view text) {
  std::string escaped = replaced(replaced(text, "\\", "\\e"), "-", "\\-");
  escaped = replaced(escaped, "\n.", "\n\\&.");
  if (escaped.starts_with('.') || escaped.starts_with('\'')) escaped.insert(0, "\\&");
  return escaped;
}

std::string roff_options(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* option : options_of(app)) {
    std::vector<std::string> names;
    for (const std::string& name : names_of(*option)) names.push_back("\\fB" + roff(name) + "\\fR");
    text += ".TP\n" + joined(names, ", ");
    for (int i = 0; i < value_count(*option); ++i) text += " \\fI" + roff(option->get_type_name()) + "\\fR";
    text += "\n" + roff(option->get_description()) + "\n";
  }
  return text;
}

std::string roff_as_it_is(std::string_view text) { return ".nf\n" + roff(text) + "\n.fi\n"; }

/// "Title:" and the indented lines that follow it become a section each.
std::string roff_sections(const std::string& footer) {
  std::string text;
  for (std::size_t begin = 0; begin < footer.size();) {
    const std::size_t end = std::min(footer.find("\n\n", begin), footer.size());
    const std::string paragraph = footer.substr(begin, end - begin);
    const std::size_t colon = paragraph.find(":\n");
    std::string title = paragraph.substr(0, colon);
    std::ranges::transform(title, title.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    text += ".SH \"" + title + "\"\n" + roff_as_it_is(paragraph.substr(colon + 2));
    begin = end + 2;
  }
  return text;
}

// ---- completion

std::string option_words(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : options_of(app))
    words += (words.empty() ? "" : " ") + joined(names_of(*option), " ");
  return words;
}

std::string command_words(const std::vector<const Command*>& commands, const std::string& between) {
  std::vector<std::string> names;
  for (const Command* command : commands) names.push_back(command->app->get_name());
  return joined(names, between);
}

std::string bash_values(const Command& command) {
  std::string cases;
  for (const CLI::Option* option : options_of(*command.app)) {
    if (value_count(*option) == 0) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : names_of(*option)) patterns.push_back(command.app->get_name() + "/" + name);
    cases += "    " + joined(patterns, " | ") + ") ";
    if (is_path(*option)) {
      cases += "compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- \"$current\")";
    } else if (const std::string words = choices(*option); !words.empty()) {
      cases += "mapfile -t COMPREPLY < <(compgen -W '" + words + "' -- \"$current\")";
    }
    cases += "; return ;;\n";
  }
  return replaced(cases, ") ; return", ") return");
}

/// Text inside of single quotes and of a specification of _arguments or _describe.
std::string zsh(std::string_view text) {
  std::string escaped = replaced(text, "\\", "\\\\");
  for (const char* special : {"[", "]", ":"}) escaped = replaced(escaped, special, std::string("\\") + special);
  return replaced(escaped, "'", "'\\''");
}

std::string zsh_argument(const CLI::Option& option, const std::string& name) {
  const std::string message = ":" + zsh(option.get_type_name()) + ":";
  std::string action;
  if (is_path(option)) action = "_files";
  if (const std::string words = choices(option); !words.empty()) action = "(" + words + ")";
  std::string values;
  for (int i = 0; i < value_count(option); ++i) values += message + action;
  return "'" + name + (value_count(option) == 1 ? "=" : "") + "[" + zsh(option.get_description()) + "]" + values + "'";
}

std::string zsh_arguments(const CLI::App& app, const std::string& indent) {
  std::string lines;
  for (const CLI::Option* option : options_of(app)) {
    for (const std::string& name : names_of(*option)) lines += " \\\n" + indent + zsh_argument(*option, name);
  }
  return lines;
}

}  // namespace

std::string manual_page(const CLI::App& app, const std::vector<Command>& commands) {
  const std::string name = app.get_name();
  const std::vector<const Command*> shown = visible(commands);
  std::string title = name;
  std::ranges::transform(title, title.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string page = ".\\\" Made by the program itself from its options.\n.TH " + title + " 1 \"\" \"" + name +
                     " " CATVOX_VERSION "\" \"User Commands\"\n.SH NAME\n" + name + " \\- " +
                     roff(app.get_description()) + "\n.SH SYNOPSIS\n";
  for (const Command* command : shown) {
    page += ".B " + name + " " + command->app->get_name() + "\n[\\fIOPTIONS\\fR]\n.br\n";
  }
  page += ".SH OPTIONS\n" + roff_options(app) + ".SH COMMANDS\n";
  for (const Command* command : shown) {
    page += ".SS " + name + " " + command->app->get_name() + "\n" + roff(command->app->get_description()) + "\n" +
            roff_options(*command->app);
  }
  page += roff_sections(app.get_footer()) + ".SH EXAMPLES\n";
  for (const Command* command : shown) page += roff_as_it_is(command->examples);
  return page;
}

std::string bash_completion(const CLI::App& app, const std::vector<Command>& commands) {
  const std::vector<const Command*> shown = visible(commands);
  std::string script = "# bash completion for " + app.get_name() + R"(; made by the program itself from its options

_)" + app.get_name() + R"(() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= word
  COMPREPLY=()
  # --option=value comes as three words.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD-2]}
  fi
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      )" + command_words(shown, " | ") +
                       R"() command=$word; break ;;
    esac
  done
  case $command/$previous in
)";
  for (const Command* command : shown) script += bash_values(*command);
  script += "  esac\n  case $command in\n";
  for (const Command* command : shown) {
    script += "    " + command->app->get_name() + ") word='" + option_words(*command->app) + "' ;;\n";
  }
  script += "    *) word='" + command_words(shown, " ") + " " + option_words(app) + "' ;;\n  esac\n";
  return script + "  mapfile -t COMPREPLY < <(compgen -W \"$word\" -- \"$current\")\n}\ncomplete -F _" +
         app.get_name() + " " + app.get_name() + "\n";
}

std::string zsh_completion(const CLI::App& app, const std::vector<Command>& commands) {
  const std::vector<const Command*> shown = visible(commands);
  const std::string name = app.get_name();
  std::string script = "#compdef " + name + "\n# Made by the program itself from its options.\n\n_" + name + R"(() {
  local context state state_descr line
  typeset -A opt_args
  local -a commands=()";
  for (const Command* command : shown) {
    script += "\n    '" + zsh(command->app->get_name()) + ":" + zsh(command->app->get_description()) + "'";
  }
  script += ")\n  _arguments -C" + zsh_arguments(app, "    ") +
            " \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n  case $state in\n"
            "    command) _describe command commands ;;\n    argument)\n      case $words[1] in\n";
  for (const Command* command : shown) {
    script += "        " + command->app->get_name() + ")\n          _arguments" +
              zsh_arguments(*command->app, "            ") + " ;;\n";
  }
  return script + "      esac ;;\n  esac\n}\n\n_" + name + " \"$@\"\n";
}

}  // namespace tools
