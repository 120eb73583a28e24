# zsh-offers.fixture.zsh SCRIPT LINE: what an interactive zsh that has sourced SCRIPT offers behind LINE, "offer:WORD" a line.
zmodload zsh/zpty
zpty shell zsh -f -i
tell() { zpty -w shell "$1" }
tell "PS1=; TERM=dumb; autoload -Uz compinit && compinit -D -u; source ${(q)1}"
# What is offered is what the completion functions add; calls that only filter into arrays add nothing.
tell 'compadd() { local -a found; [[ ${@[1,(i)(-|--)]} == *-[OAD]* ]] || { builtin compadd -O found "$@"; print -l -- "offer:"$^found }; builtin compadd "$@" }'
tell 'offers() { print; _main_complete; print end:offers; exit }; zle -C offers complete-word offers; bindkey "^I" offers; print now:typed'
zpty -r shell text '*now:typed*now:typed*'
zpty -w -n shell "$2"$'\t'
zpty -r shell text '*end:offers*'
print -r -- $text
