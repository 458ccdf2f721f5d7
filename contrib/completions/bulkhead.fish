# fish completion for bulkhead

function __bulkhead_verb
    for word in (commandline -opc)[2..-1]
        contains -- $word create start run exec state kill delete list explain probe policy spec features help; and echo $word; and return
    end
    return 1
end
function __bulkhead_is
    contains -- (__bulkhead_verb) $argv
end
function __bulkhead_containers
    bulkhead list --quiet 2>/dev/null
end
function __bulkhead_action
    for word in (commandline -opc)[2..-1]
        contains -- $word list show lint diff why explain render test schema; and echo $word; and return
    end
    return 1
end

complete -c bulkhead -f
complete -c bulkhead -s h -l help -d 'show help'
complete -c bulkhead -n 'not __bulkhead_verb' -l root -r -F -d 'where the state of containers is kept'
complete -c bulkhead -n 'not __bulkhead_verb' -l log -r -F -d 'append the error to this file'
complete -c bulkhead -n 'not __bulkhead_verb' -l log-format -x -a 'text json' -d 'format of the log file'
complete -c bulkhead -n 'not __bulkhead_verb' -l debug -d 'log what is done as well'
complete -c bulkhead -n 'not __bulkhead_verb; or __bulkhead_is create run explain probe policy' -l policy -r -F -a 'baseline compat faas faas-go faas-java faas-node faas-python faas-restricted passthrough sandbox' -d 'hardening policy'
complete -c bulkhead -n 'not __bulkhead_verb' -l systemd-cgroup -d 'have systemd make the cgroup'
complete -c bulkhead -n 'not __bulkhead_verb' -l rootless -x -a 'true false auto' -d 'accepted for callers of runc'
complete -c bulkhead -n 'not __bulkhead_verb' -l policy-dir -x -a '(__fish_complete_directories)' -d 'directory of policies'
complete -c bulkhead -n 'not __bulkhead_verb' -l criu -r -F -d 'accepted and ignored'
complete -c bulkhead -n 'not __bulkhead_verb' -s v -l version -d 'show the version'

complete -c bulkhead -n 'not __bulkhead_verb' -a create -d 'make a container that waits for start'
complete -c bulkhead -n 'not __bulkhead_verb' -a start -d 'start the program of a created container'
complete -c bulkhead -n 'not __bulkhead_verb' -a run -d 'create and start a container, and wait for it'
complete -c bulkhead -n 'not __bulkhead_verb' -a exec -d 'run another program in a container'
complete -c bulkhead -n 'not __bulkhead_verb' -a state -d 'print the state of a container as JSON'
complete -c bulkhead -n 'not __bulkhead_verb' -a kill -d 'send a signal to the init of a container'
complete -c bulkhead -n 'not __bulkhead_verb' -a delete -d 'remove what is left of a container'
complete -c bulkhead -n 'not __bulkhead_verb' -a list -d 'list the containers'
complete -c bulkhead -n 'not __bulkhead_verb' -a explain -d 'show how a bundle would be hardened and run'
complete -c bulkhead -n 'not __bulkhead_verb' -a probe -d 'try from inside what a container must not be able to do'
complete -c bulkhead -n 'not __bulkhead_verb' -a policy -d 'list, show, check, compare and test hardening policies'
complete -c bulkhead -n 'not __bulkhead_verb' -a spec -d 'write a config.json to start from'
complete -c bulkhead -n 'not __bulkhead_verb' -a features -d 'print what this runtime supports'
complete -c bulkhead -n 'not __bulkhead_verb' -a help -d 'show help'

complete -c bulkhead -n '__bulkhead_is start exec state kill delete' -a '(__bulkhead_containers)'
complete -c bulkhead -n '__bulkhead_is create run spec explain probe policy' -s b -l bundle -r -F -d 'directory with config.json'
complete -c bulkhead -n '__bulkhead_is create run exec' -l pid-file -r -F -d 'write the pid of init to this file'
complete -c bulkhead -n '__bulkhead_is create run exec' -l console-socket -r -F -d 'send the terminal to this socket'
complete -c bulkhead -n '__bulkhead_is create run exec' -l pidfd-socket -r -F -d 'send a pidfd of init to this socket'
complete -c bulkhead -n '__bulkhead_is create run' -l no-pivot -d 'do not use pivot_root'
complete -c bulkhead -n '__bulkhead_is create run' -l no-new-keyring -d 'keep the session keyring of the caller'
complete -c bulkhead -n '__bulkhead_is create run exec' -l preserve-fds -x -d 'pass descriptors 3 to 2+N'
complete -c bulkhead -n '__bulkhead_is create run exec' -s d -l detach -d 'return when the program runs'
complete -c bulkhead -n '__bulkhead_is create run' -l no-subreaper -d 'do not adopt orphans'
complete -c bulkhead -n '__bulkhead_is run' -l keep -d 'leave the stopped container'
complete -c bulkhead -n '__bulkhead_is exec' -s p -l process -r -F -d 'process document'
complete -c bulkhead -n '__bulkhead_is exec' -l cwd -x -d 'working directory'
complete -c bulkhead -n '__bulkhead_is exec' -s e -l env -x -d 'set a variable'
complete -c bulkhead -n '__bulkhead_is exec' -s u -l user -x -d 'as whom'
complete -c bulkhead -n '__bulkhead_is exec' -s g -l additional-gids -x -d 'one more group'
complete -c bulkhead -n '__bulkhead_is exec' -s c -l cap -x -d 'one more capability'
complete -c bulkhead -n '__bulkhead_is exec' -l no-new-privs -d 'set no_new_privs'
complete -c bulkhead -n '__bulkhead_is exec' -l process-label -x -d 'SELinux label'
complete -c bulkhead -n '__bulkhead_is exec' -l apparmor -x -d 'AppArmor profile'
complete -c bulkhead -n '__bulkhead_is exec' -l ignore-paused -d 'also in a paused container'
complete -c bulkhead -n '__bulkhead_is exec' -l cgroup -x -d 'a cgroup below the container\'s'
complete -c bulkhead -n '__bulkhead_is exec' -s t -l tty -d 'with a terminal'
complete -c bulkhead -n '__bulkhead_is kill' -s a -l all -d 'every process'
complete -c bulkhead -n '__bulkhead_is delete' -s f -l force -d 'kill it first'
complete -c bulkhead -n '__bulkhead_is policy; and not __bulkhead_action' -a 'list show lint diff why explain render test schema'
complete -c bulkhead -n '__bulkhead_is policy; and contains -- (__bulkhead_action) lint diff test' -F
complete -c bulkhead -n '__bulkhead_is policy; and contains -- (__bulkhead_action) show diff' -a '(bulkhead policy list --format json 2>/dev/null | string match -ra \'"name":"[^"]*"\' | cut -d \'"\' -f 4)'
complete -c bulkhead -n '__bulkhead_is policy; and contains -- (__bulkhead_action) why' -a '(bulkhead policy why 2>/dev/null | cut -d : -f 1)'
complete -c bulkhead -n '__bulkhead_is policy' -l fail-on-widening -d 'exit 2 if NEW is wider'
complete -c bulkhead -n '__bulkhead_is policy explain probe' -l id -x -d 'id of the container'
complete -c bulkhead -n '__bulkhead_is policy' -l strict -d 'exit 2 if anything cannot be expressed'
complete -c bulkhead -n '__bulkhead_is list' -s f -l format -x -a 'table json' -d 'how to print'
complete -c bulkhead -n '__bulkhead_is explain probe policy' -s f -l format -x -a 'text json' -d 'how to print'
complete -c bulkhead -n '__bulkhead_is list' -s q -l quiet -d 'only ids'
complete -c bulkhead -n '__bulkhead_is probe' -l program -r -F -d 'run this static program'
complete -c bulkhead -n '__bulkhead_is spec' -l rootless -d 'for a user without privileges'
