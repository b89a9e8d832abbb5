{#
    Why a row of the log is nobody's activity, as far as the row itself tells: the name of a number,
    from 1, that int_log_rows keeps. NULL where there is none.
#}
{% macro own_reason(number) -%}
    case {{ number }}
        {%- for reason in [
            'no_time', 'system_user', 'logged_in_as', 'command_line_or_restore', 'anonymous'
        ] %}
        when {{ loop.index }} then '{{ reason }}'
        {%- endfor %}
    end
{%- endmacro %}
