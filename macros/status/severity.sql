{# How bad a status is, from 1 to 4; NULL for one that is neither better nor worse than others. #}
{% macro severity(status) -%}
    case {{ status }}
        when 'inactive' then 4
        when 'struggling' then 3
        when 'doing_ok' then 2
        when 'doing_well' then 1
    end
{%- endmacro %}
