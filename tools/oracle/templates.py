#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what transformers' Jinja makes of chat templates: the fixture of tests/unit/t_template.c.

    templates.py OUT_DIR        (tests/data/template)

OUT_DIR/cases.jsonl has a case a line: {"template", "question", "bos", "eos", "answer"} and "output", or "error": true
where the template cannot be compiled or rendered. Lines that are equal but for the template leave out what is as in DEFAULT.
"""

import itertools
import json
import pathlib
import random
import sys

from transformers.utils.chat_template_utils import render_jinja_template

DEFAULT = {"question": "Is it a cat?", "bos": "<s>", "eos": "</s>", "answer": None}

# The prompts of the four LLaVA-NeXT families, and others of the kind.
LLAMA3 = (
    "{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'image') %}<image>{% endfor %}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{{ '\\n' + part['text'] }}{% endfor %}"
    "<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
MISTRAL = (
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ '<<SYS>>\\n' + message['content'][0]['text'] + '\\n<</SYS>>\\n\\n' }}"
    "{% elif message['role'] == 'user' %}{{ '[INST] ' }}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\\n' }}{% endfor %}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{{ part['text'] }}{% endfor %}"
    "{{ ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'][0]['text'] + '<\\\\s> ' }}"
    "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"
)
VICUNA = (
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ message['content'][0]['text'] }}"
    "{% else %}{{ message['role'].upper() + ': ' }}{% endif %}"
    "{# images come first #}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\\n' }}{% endfor %}"
    "{% if message['role'] != 'assistant' %}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{{ part['text'] + ' ' }}{% endfor %}"
    "{% else %}{% generation %}{{ message['content'][0]['text'] + ' ' }}{% endgeneration %}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
VICUNA_SYSTEM = (
    "{{ 'A chat between a curious human and an artificial intelligence assistant. ' }}" + VICUNA
)
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' "
    "+ '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
CHATML_PARTS = """\
{%- for message in messages %}
    {%- if loop.first and message['role'] != 'system' %}
        {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
    {%- endif %}
    {{- '<|im_start|>' ~ message.role }}
    {% if message.content is string %}
{{ message.content }}
    {%- else %}
        {%- for part in message.content %}
            {%- if part.type == 'image' or 'image_url' in part %}
                {{- '<image>\\n' }}
            {%- elif 'text' in part %}
                {{- part.text }}
            {%- endif %}
        {%- endfor %}
    {%- endif %}
    {{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
QWEN2_VL = (
    "{% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}"
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "{% endif %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n"
    "{% else %}{% for content in message['content'] %}"
    "{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
    "{% set image_count.value = image_count.value + 1 %}"
    "{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif content['type'] == 'video' or 'video' in content %}"
    "{% set video_count.value = video_count.value + 1 %}"
    "{% if add_vision_id %}Video {{ video_count.value }}: {% endif %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}{{ image_count.value }}"
)
LLAMA31 = """\
{{- bos_token }}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{#- a system message is taken out #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n" }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}
        {%- if message['content'] is string %}
            {{- message['content'] | trim }}
        {%- elif message['content'] is iterable and message['content'] is not mapping %}
            {%- for item in message['content'] %}
                {%- if item['type'] == 'image' %}
                    {{- '<|image|>' }}
                {%- elif item['type'] == 'text' %}
                    {{- item['text'] | trim }}
                {%- endif %}
            {%- endfor %}
        {%- endif %}
        {{- '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""
LLAMA2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}"
    "{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
    "{% for message in loop_messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}"
    "{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message %}"
    "{% else %}{% set content = message['content'][1]['text'] %}{% endif %}"
    "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)
KNOWN = [LLAMA3, MISTRAL, VICUNA, VICUNA_SYSTEM, CHATML, CHATML_PARTS, QWEN2_VL, LLAMA31, LLAMA2]
QUESTIONS = ["Is it a cat?", "  Ist das größer als 3 €? \n\t", "", "{{ bos_token }} {% if %} 'quoted' \"twice\" \\n"]
ANSWERS = ["Yes", "  größer als 3 € \n", ""]

SMALL = r"""
|plain text
a{{ 1 }}b{{ 'x' }}c
{{ '}}' }}{{ "{%" }}
{{ }}
{{ 1
{{ 'a
{% if 1 %}
{% endif %}
{# never
{# a comment #}b
a{#- c -#} b
a {# c #} b
{##}{#-#}{#--#}{#+#}x
{{ -1 }}{{+1}}{{- 1 -}} {{ - 1 }}
{{ 1 -}} 2 {{- 3 }}
{{ 1 + }}
{{ 1 +}}
{% raw %}{{ x }}{% if %}{% endraw %}
a {%- raw -%}  {{ x }}  {%- endraw -%} b
{% raw %}x
{{ {'a': {'b': 1}}['a']['b'] }}
{{ {} }}{{ {'a': {}}}}
{{ ( }}
{{ ) }}
{{ [1, 2 }}
{{ 'a' 'b' "c" }}
{{ 'a\nb\t\\ \' \" \x41 \u00e9 \U0001F600 \101 \q' }}
{{ 'a\x4' }}
{{ "it's" }}{{ 'say "x"' }}
{{ 1_000 }} {{ 0 }} {{ 00 }}
{{ 007 }}
{{ 1 2 }}
{{ a b }}
{{ a.b.c }}
{{ a }}|{{ a.b }}
{{ none.a }}|{{ 'x'.foo }}|{{ 1 .foo }}|{{ [].a }}
{{ none.a.b }}
{{ messages.foo is defined }}{{ messages[0].foo is defined }}{{ messages[5] is defined }}
{{ messages[0].role }}{{ messages[0]['role'] }}{{ messages[-1].role }}{{ messages.0.role }}
{{ messages[0]['content'][1]['text'] }}{{ messages[0].content[1].text }}
{{ messages }}
{{ messages[0] }}
{{ messages[0].content | length }}{{ messages | length }}{{ messages|count }}
{{ bos_token }}{{ eos_token }}{{ add_generation_prompt }}{{ tools }}{{ documents }}{{ pad_token }}
{{ tools is none }}{{ tools is defined }}{{ foo is none }}{{ foo is defined }}{{ foo is not defined }}
{{ true }}{{ True }}{{ false }}{{ False }}{{ none }}{{ None }}
{{ [] }}{{ [1, 'a', "it's", true, none, [2], (1,), (), (1, 2), {}] }}
{{ {'a': 1, 2: 'b', none: [], true: 1} }}{{ {1: 2, true: 3} }}
{{ {[1]: 2} }}
{{ 1, 2 }}{{ (1) }}{{ () }}{{ (1,) }}
{{ 1 if true else 2 }}{{ 1 if false else 2 }}{{ 1 if false }}|
{{ 1 if 0 else 2 if 0 else 3 }}
{{ 1 if true if false else 4 }}
{{ 1 + 2 * 3 - 4 }} {{ (1 + 2) * 3 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7 // -2 }}
{{ 1 // 0 }}
{{ 1 % 0 }}
{{ 'a' + 'b' }}{{ [1] + [2] }}{{ (1,) + (2,) }}
{{ 'a' + 1 }}
{{ 1 + 'a' }}
{{ 'a' + messages }}
{{ messages[0].content + 'a' }}
{{ 'a' + foo }}
{{ foo + 'a' }}
{{ 'ab' * 2 }}{{ 2 * 'ab' }}{{ [1] * 2 }}{{ 'a' * -1 }}{{ (1,) * true }}
{{ 'ab' * 'c' }}
{{ 'a' - 'b' }}
{{ 1 ~ 2 ~ 'a' ~ none ~ true ~ [1] ~ foo }}
{{ 1 ~ 2 + 3 }}
{{ 1 ~ (2 + 3) }}
{{ -true }}{{ +true }}{{ true + true }}{{ - - 1 }}{{ -'a' }}
{{ -1 | string ~ 2 }}{{ -messages|length }}
{{ 1 == 1 }}{{ 1 == true }}{{ 1 == '1' }}{{ 'a' == 'a' }}{{ [1, 2] == [1, 2] }}{{ [1] == (1,) }}{{ none == none }}
{{ {'a': 1, 'b': [2]} == {'b': [2], 'a': 1} }}{{ {'a': 1} == {'a': 2} }}{{ {'a': 1} != {} }}
{{ foo == bar }}{{ foo == none }}{{ foo != '' }}
{{ 1 != 2 }}{{ 1 < 2 }}{{ 2 <= 2 }}{{ 3 > 4 }}{{ 3 >= 4 }}{{ 'a' < 'b' }}{{ 'B' < 'a' }}{{ 'é' > 'z' }}{{ 'a' < 'ab' }}
{{ 1 < 'a' }}
{{ none < 1 }}
{{ foo < 1 }}
{{ 1 < 2 < 3 }}{{ 1 < 2 > 3 }}{{ 1 == 1 == 1 }}{{ 3 > 2 == 2 }}
{{ true and false }}{{ 1 and 2 }}{{ 0 or 'x' }}{{ '' or [] }}{{ not 1 }}{{ not '' }}{{ not not 2 }}
{{ 1 or foo.bar }}{{ 0 and foo.bar }}
{{ not 1 == 2 }}{{ not 1 in [1] }}{{ 1 in [1] and 2 not in [1] }}
{{ true or false and false }}{{ (true or false) and false }}
{{ 'a' in 'abc' }}{{ 'd' not in 'abc' }}{{ '' in '' }}{{ 1 in [1, 2] }}{{ 'role' in messages[0] }}{{ 3 in (1, 2) }}
{{ 3 in 'abc' }}
{{ foo in 'abc' }}
{{ 'a' in foo }}{{ 'a' not in foo }}
{{ 'a' in none }}
{{ [] in {} }}
{{ 'x' is string }}{{ 1 is string }}{{ foo is string }}{{ messages is string }}
{{ messages is iterable }}{{ 'a' is iterable }}{{ 1 is iterable }}{{ {} is iterable }}{{ foo is iterable }}{{ none is iterable }}
{{ messages is sequence }}{{ 'a' is sequence }}{{ 1 is sequence }}{{ {} is sequence }}{{ foo is sequence }}
{{ messages[0] is mapping }}{{ messages is mapping }}{{ foo is mapping }}{{ 'a' is mapping }}
{{ 1 is number }}{{ true is number }}{{ true is integer }}{{ 1 is integer }}{{ true is boolean }}{{ 1 is boolean }}{{ '1' is number }}
{{ true is true }}{{ 1 is true }}{{ false is false }}{{ none is false }}{{ none is not none }}
{{ 2 is even }}{{ 3 is odd }}{{ 9 is divisibleby 3 }}{{ 9 is divisibleby(2) }}{{ -3 is odd }}
{{ 'a' is even }}
{{ 1 is eq 1 }}{{ 1 is equalto 2 }}{{ 1 is ne 2 }}{{ 1 is lt 2 }}{{ 1 is gt 2 }}{{ 1 is ge 1 }}{{ 1 is le 0 }}{{ 1 is in [1] }}{{ 1 is not in [1] }}
{{ foo is undefined }}{{ 1 is undefined }}
{{ 1 is defined is defined }}
{{ 'a' is foo }}
{{ 'a' is defined 1 }}
{{ 'a' is defined and true }}{{ 'a' is defined or true }}{{ 1 if 'a' is defined else 2 }}
{{ 'abc'[0] }}{{ 'abc'[-1] }}{{ 'abc'[3] }}|{{ 'abc'[true] }}{{ 'aé€😀'[2] }}{{ 'aé€😀'[-1] }}
{{ [1, 2, 3][1] }}{{ [1][1] }}|{{ [1]['a'] }}|{{ [1][none] }}|{{ {}[[]] }}|
{{ [1, 2, 3][1:] }}{{ [1, 2, 3][:-1] }}{{ [1, 2, 3][::2] }}{{ [1, 2, 3][::-1] }}{{ [1, 2, 3][5:] }}{{ [1, 2, 3][-9:2] }}{{ [1, 2, 3][2:0:-1] }}
{{ 'abcdef'[1:4] }}{{ 'abcdef'[-2:] }}{{ 'abcdef'[::-2] }}{{ 'aé€😀b'[1:4] }}{{ 'aé€😀b'[::-1] }}{{ (1, 2, 3)[1:] }}
{{ [1, 2][::0] }}
{{ messages['a':] }}
{{ messages[foo:] }}
{{ messages[::none][none:].0.role }}
{{ tools[1:] }}
{{ messages[0][1:] }}
{{ foo[1:] }}
{{ foo[0] }}
{{ [1, 2][1:][0] }}{{ messages[0:][0].role }}{{ [1, 2, 3][100000000000:] }}{{ [1, 2, 3][::100000000000] }}{{ [1, 2, 3][::-100000000000] }}
{{ 'ab cD'.upper() }}{{ 'ab cD'.lower() }}{{ "ab cD it's x2y".title() }}{{ 'ab cD'.capitalize() }}{{ ''.capitalize() }}
[{{ '  a b '.strip() }}][{{ '  a b '.lstrip() }}][{{ '  a b '.rstrip() }}][{{ 'xxaxyx'.strip('x') }}][{{ 'xyaxy'.lstrip('yx') }}][{{ 'é a é'.strip('é ') }}]
[{{ '\u00a0\u2003a\u3000'.strip() }}][{{ ' a '.strip(none) }}]
{{ 'a'.strip(1) }}
{{ 'abc'.startswith('ab') }}{{ 'abc'.startswith('bc') }}{{ 'abc'.endswith('bc') }}{{ 'abc'.endswith('abcd') }}{{ 'abc'.startswith('') }}
{{ 'abc'.startswith(1) }}
{{ 'aXbXc'.replace('X', '--') }}{{ 'aaa'.replace('a', 'b', 2) }}{{ 'aaa'.replace('aa', '') }}{{ 'abc'.replace('x', 'y') }}{{ 'aa'.replace('a', 'b', -1) }}
{{ 'a,b,c'.split(',') }}{{ 'a,b,c'.split(',', 1) }}{{ ' a  b '.split() }}{{ ''.split() }}{{ ''.split(',') }}{{ ' a  b  c '.split(none, 1) }}{{ 'a</t>b'.split('</t>')[-1] }}
{{ 'a'.split('') }}
{{ ','.join(['a', 'b']) }}{{ ','.join('abc') }}{{ ''.join([]) }}
{{ ','.join([1]) }}
{{ 'a'.upper(1) }}
{{ 'a'.foo() }}
{{ 'a'() }}
{{ foo() }}
{{ messages[0].get('role') }}{{ messages[0].get('x') }}{{ messages[0].get('x', 'y') }}
{{ messages[0].keys() | list }}{{ {'a': 1}.values() | list }}{{ {'a': 1}.items() | list }}{{ messages[0].items is defined }}
{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}
{% for k, v in {'a': 1}|items %}{{ k }}={{ v }};{% endfor %}{{ foo|items|list }}
{% for k in {'a': 1, 'b': 2} %}{{ k }}{% endfor %}{% for c in 'aé😀' %}[{{ c }}]{% endfor %}{% for x in foo %}{{ x }}{% endfor %}
{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for a, b in [1] %}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{% endfor %}
{% for a in 5 %}{% endfor %}
{% for true in [1] %}{% endfor %}
{% for x in [1, 2, 3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.foo }};{% endfor %}
{% for x in [1, 2] %}{% for y in [3, 4] %}{{ loop.index }}{% endfor %}{{ loop.index }}{% else %}E{% endfor %}{{ loop }}
{% for x in [] %}x{% else %}E{{ x }}{% endfor %}
{% for x in [1, 2, 3, 4] if x % 2 == 0 %}{{ x }}{{ loop.index }}/{{ loop.length }}{% endfor %}
{% for x in [1, 2] if false %}{{ x }}{% else %}E{% endfor %}
{% for x in [1, 2] if loop.first %}{{ x }}{% endfor %}
{% for y in [1, 2] %}{% for x in [1, 2] if loop.first %}{{ x }}{% endfor %};{% endfor %}
{% for x in [1, 2, 3] %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}
{% for x in [1, 2, 3] %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% for x in [1] %}{% break %}{% else %}E{% endfor %}{% for x in [1] %}{% continue %}{% else %}F{% endfor %}
{% for x in [1, 2] %}{% for y in [] %}{% else %}{% break %}{% endfor %}{{ x }}{% endfor %}
{% break %}
{% for x in [1] %}{% generation %}{% break %}{% endgeneration %}{% endfor %}
{% for x in [1] %}{% set loop = 1 %}{% endfor %}
{% for loop in [1] %}{{ loop }}{% endfor %}
{% set loop = 1 %}{{ loop }}
{% for x in 1, 2, 3 %}{{ x }}{% endfor %}{% for x in (4,) %}{{ x }}{% endfor %}{% for x in [] or [5] %}{{ x }}{% endfor %}
{% for x in range(3) %}{{ x }}{% endfor %}{% for x in range(2, 8, 3) %}{{ x }}{% endfor %}{% for x in range(3, 0, -1) %}{{ x }}{% endfor %}{{ range(3)|list }}{{ range(0)|length }}{{ range(5)[1] }}{{ range(5)[1:3]|list }}{{ 2 in range(3) }}
{{ range(100001) }}
{{ range(1, 2, 0) }}
{{ range('a') }}
{% if 1 %}a{% endif %}{% if 0 %}a{% elif 1 %}b{% else %}c{% endif %}{% if 0 %}a{% elif 0 %}b{% else %}c{% endif %}{% if '' %}a{% endif %}{% if [0] %}b{% endif %}{% if foo %}c{% endif %}
{% if 1 if 0 else 2 %}a{% endif %}
{% if 1 %}{% for x in [1] %}{% endif %}{% endfor %}
{% if 1 %}a{% else %}b{% else %}c{% endif %}
{% if %}a{% endif %}
{% if 1: %}a{% endif %}
{% if {'a': 1} %}a{% endif %}{% if [[]] %}b{% endif %}
{% set x = 1 %}{{ x }}{% set x = x + 1 %}{{ x }}{% set y %}a{{ x }}{% endset %}{{ y }}{{ y | length }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}{% set x = 1, %}{{ x }}
{% set a, b = 1 %}
{% set x %}{% set z = 1 %}{% endset %}{{ z }}|
{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = x + i %}{{ x }};{% endfor %}{{ x }}
{% for i in [1, 2] %}{{ x }}{% set x = i %}{{ x }};{% endfor %}{{ x }}
{% if true %}{% set x = 1 %}{% endif %}{{ x }}{% if false %}{% set y = 1 %}{% endif %}{{ y }}|
{% for i in [1] %}{% if true %}{% set x = 1 %}{% endif %}{{ x }}{% endfor %}{{ x }}|
{% for i in [1] %}{% for j in [1] %}{% set x = 1 %}{% endfor %}{{ x }}|{% endfor %}
{% set ns = namespace(x=1, y='a') %}{% for i in [1, 2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns.z }}|{{ ns['x'] }}
{% set ns = namespace() %}{% set ns.a = [1] %}{% set ns.a, b = 1, 2 %}{{ ns.a }}{{ b }}{{ ns.a is defined }}{{ ns.b is defined }}
{% set ns.x = 1 %}
{% set x = 1 %}{% set x.y = 1 %}
{% set 1 = 2 %}
{% set x %}
{% generation %}a{% set x = 1 %}{{ x }}{% endgeneration %}{{ x }}|
{% for i in [1, 2] %}{% generation %}{{ loop.index }}{{ i }}{% endgeneration %}{% endfor %}
{{ raise_exception('no') }}
{% if false %}{{ raise_exception('no') }}{% endif %}ok
{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ messages[0].content | selectattr('type', 'equalto', 'image') | list }}
{{ messages[0].content | selectattr('text') | list }}{{ messages[0].content | rejectattr('type', '==', 'image') | list | length }}{{ messages[0].content | selectattr('text', 'defined') | list | length }}{{ messages[0].content | rejectattr('type', 'in', ['image', 'x']) | map(attribute='text') | first }}
{{ messages | selectattr('role.x') | list }}{{ [{'a': {'b': 1}}, {'a': {}}] | selectattr('a.b') | list }}{{ [{'a': {'b': 1}}] | map(attribute='a.b') | list }}
{{ messages | selectattr('a.b') | list }}
{{ messages | selectattr('role') | length }}
{% if messages | selectattr('nope') %}yes{% endif %}
{{ messages[0].content | map(attribute='type') | join(',') }}{{ [1, 2, 3, 4] | select('even') | list }}{{ [1, 2, 3] | reject('eq', 2) | list }}{{ [0, 1, ''] | select | list }}
{{ 'abc' | upper }}{{ 'ABC' | lower }}{{ 'abc def' | capitalize }}{{ none | upper }}{{ [1] | upper }}{{ '  x ' | trim }}{{ 'xax' | trim('x') }}{{ foo | upper }}|
{{ [1, 2] | first }}{{ [1, 2] | last }}{{ [] | first }}|{{ 'abc' | first }}{{ 'abc' | last }}{{ '' | last }}|{{ {'a': 1} | first }}
{{ 5 | first }}
{{ [1, 2] | join }}{{ [1, none, 'a'] | join('-') }}{{ 'abc' | join(d=',') }}{{ [] | join }}{{ [foo, 1] | join(',') }}
{{ foo | default('d') }}{{ '' | default('d') }}{{ '' | default('d', true) }}{{ none | default('d') }}{{ foo | d }}|{{ foo | default }}|{{ 0 | default('z', boolean=true) }}{{ a.b | default('d') }}
{{ a.b is defined }}
{{ 'abc' | length }}{{ 'aé😀' | length }}{{ foo | length }}{{ {} | length }}{{ {'a': 1}.items() | length }}
{{ 5 | length }}
{{ none | length }}
{{ 'abc' | list }}{{ {'a': 1} | list }}{{ (1, 2) | list }}{{ foo | list }}
{{ 1 | list }}
{{ '12' | int + 1 }}{{ 'x' | int }}{{ 'x' | int(7) }}{{ none | int }}{{ true | int }}{{ ' -5 ' | int }}{{ '1_0' | int }}{{ '_1' | int(3) }}{{ [] | int(default=9) }}
{{ foo | int }}
{{ 1 | string ~ 'a' }}{{ [1] | string }}{{ foo | string }}|{{ 1 | string | length }}
{{ [1, 'a"\n\\é', none, true, {'a': []}, (1,)] | tojson }}{{ {} | tojson }}{{ '<&>' | tojson }}
{{ foo | tojson }}
{{ 'a-b' | replace('-', '+') }}{{ 121 | replace('1', 'x') }}
{{ 'a' | upper | lower | trim }}{{ ('a' ~ 'b') | upper }}{{ 'a' ~ 'b' | upper }}{{ 'a' + 'b' | upper }}
{{ 'a' | foo }}
{% if false %}{{ 'a' | foo }}{% endif %}ok
{{ 'a' | }}
{% foo %}
{% 1 %}
{{ 'é' }}{{ '日本語' }}{{ bos_token ~ 'é' }}
é {{- 'x' -}} é
{{ messages[0]['content'][0] }}{{ messages[0]['content'] is string }}
{{ a!b }}
{{ a ; b }}
{{ a = b }}
{{ 1 .upper }}|{{ 'a'.upper is defined }}
{{ [[1, [2]], {'a': (1, {'b': none})}] }}
{{ 9223372036854775807 }}{{ -9223372036854775807 - 1 }}
{{ [1, 2, 3] | length == 3 }}{{ messages | length > 0 and messages[0].role == 'user' }}
{{ 'a' if messages[0].role == 'user' else 'b' }}{{ ('a' if 0 else 'b') ~ 'c' }}{{ 'x' ~ 'a' if 0 else 'b' }}
{{ if }}|{{ for }}|{{ else }}
{{ 'a' is in 'abc' }}{{ 'a' is not string }}{{ not 'a' is string }}
{{ [undefined_] }}{{ {'a': b} }}
{{ true is not defined }}{{ (1, 2)[0] }}{{ (1, 2).0 }}{{ [[1]].0.0 }}
"""
LINES = ["{{ \"\\\nx\" }}", "{%- set x = [1,\n   2,\n   3] -%} {{ x\n }}", "{{ 'a\nb' }}{{\n\n1 }}\n"]

# Whitespace control: every pair of signs around every tag kind, in four surroundings.
SIGNS = ["", "-", "+"]
SURROUNDINGS = ["a\n  %s  \nb", "  %s\n\n x", "a %s\n", "%s\n%s", "\n%s \n  %s\n"]


def whitespace_templates():
    for left in SIGNS:
        for right in SIGNS:
            for surrounding in SURROUNDINGS:
                tags = [
                    "{%%%s set x = 1 %s%%}" % (left, right),
                    "{#%s c %s#}" % (left, right),
                    "{{%s 'v' %s}}" % (left, right if right != "+" else ""),
                ]
                if right != "+":
                    tags.append("{%%%s raw %s%%} r {%%%s endraw %s%%}" % (left, right, left, right))
                for tag in tags:
                    yield surrounding.replace("%s", tag)
    yield "a\r\n{% if 1 %}\r\nb\r{% endif %}\r\nc\r\n"
    yield "a\n\n"
    yield "\n"
    yield ""
    yield "{{ 1 }}\n\n"
    yield "{% if 1 -%}\n\n  a\n\n{%- endif %}\n\n"
    yield "  {%+ if 1 %}a{%+ endif %}  "
    yield "  {% if 1 +%}\na\n  {% endif +%}\nb"
    yield "\u00a0{% if 1 %}\u2003\n\u3000{%- endif %}"
    yield "{% if 1 %}  {% if 1 %}\n  {% endif %}  {% endif %}"
    yield "{{ 1 -}}\n  {% if 1 %}x{% endif %}"
    yield "{# a -#}\n  {% if 1 %}x{% endif %}"


# ---- random templates, of values whose kinds fit, mostly ----


class Random:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def one(self, *choices):
        return self.r.choice(choices)

    def number(self, depth):
        if depth == 0:
            return self.one("0", "1", "2", "7", "-3", "n", "true", "ns.count")
        return self.one(
            lambda: f"{self.number(depth - 1)} {self.one('+', '-', '*')} {self.number(depth - 1)}",
            lambda: f"({self.number(depth - 1)}) {self.one('//', '%')} {self.one('2', '3', '-2')}",
            lambda: f"({self.text(depth - 1)}) | length",
            lambda: f"({self.list(depth - 1)})|length",
            lambda: f"-{self.number(0)}",
            lambda: f"({self.number(depth - 1)} if {self.truth(depth - 1)} else {self.number(depth - 1)})",
            lambda: "ns.count",
            lambda: f"{self.number(0)} | int",
        )()

    def text(self, depth):
        if depth == 0:
            return self.one("'a'", '"b c"', "' pad '", "''", "bos_token", "t", "messages[0].role", "question_")
        return self.one(
            lambda: f"{self.text(depth - 1)} {self.one('+', '~')} {self.text(depth - 1)}",
            lambda: f"({self.text(depth - 1)}).{self.one('strip()', 'rstrip()', 'lstrip()', 'split()[-1:] | first')}",
            lambda: f"({self.text(depth - 1)}) | {self.one('trim', 'string', 'list | join', 'first', 'last')}",
            lambda: f"({self.text(depth - 1)})[{self.one('1:', ':-1', '::2', '0', '-1', '::-1', ':3')}]",
            lambda: f"'abC'.{self.one('upper()', 'lower()', 'title()')}",
            lambda: f"({self.text(depth - 1)}).replace('a', {self.text(0)})",
            lambda: f"({self.list(depth - 1)}) | join({self.text(0)})",
            lambda: f"{self.number(0)} ~ {self.text(depth - 1)}",
            lambda: f"({self.text(depth - 1)} if {self.truth(depth - 1)} else {self.text(depth - 1)})",
            lambda: f"{self.text(0)} * {self.one('2', '0', '3')}",
        )()

    def list(self, depth):
        if depth == 0:
            return self.one("[]", "[1, 2]", "['a', 'b']", "(1, 'x')", "messages", "messages[0].content", "l", "'abc'")
        return self.one(
            lambda: f"[{self.any(depth - 1)}, {self.any(depth - 1)}]",
            lambda: f"({self.list(depth - 1)})[{self.one('1:', ':1', '::-1', ':')}]",
            lambda: f"({self.list(depth - 1)}) | list + [{self.any(depth - 1)}]",
            lambda: f"range({self.one('0', '1', '4')}) | list",
            lambda: "messages[0].content | %s('type', 'equalto', 'text') | list" % self.one("selectattr", "rejectattr"),
            lambda: f"messages[0].content | map(attribute='{self.one('type', 'text')}') | list",
            lambda: f"({self.text(depth - 1)}).split('a')",
        )()

    def truth(self, depth):
        if depth == 0:
            return self.one("true", "false", "add_generation_prompt", "foo", "none", "n", "t", "l")
        return self.one(
            lambda: f"{self.number(depth - 1)} {self.one('==', '!=', '<', '>', '<=', '>=')} {self.number(depth - 1)}",
            lambda: f"{self.text(depth - 1)} {self.one('==', '!=', '<', 'in', 'not in')} {self.text(depth - 1)}",
            lambda: f"{self.any(depth - 1)} {self.one('in', 'not in')} {self.list(depth - 1)}",
            lambda: f"not {self.truth(depth - 1)}",
            lambda: f"({self.truth(depth - 1)} {self.one('and', 'or')} {self.truth(depth - 1)})",
            lambda: f"({self.any(depth - 1)}) is {self.one('', 'not ')}{self.one('string', 'none', 'mapping', 'iterable')}",
            lambda: f"{self.one('foo', 't', 'n', 'ns.x')} is {self.one('', 'not ')}defined",
        )()

    def any(self, depth):
        return self.one(self.number, self.text, self.list, self.truth)(depth)

    def tag(self, content, mark="%"):
        left, right = self.one("", "", "-", "+"), self.one("", "", "-", "+")
        if mark == "{":
            return "{{%s %s %s}}" % (left, content, right.replace("+", ""))
        return "{%%%s %s %s%%}" % (left, content, right)

    def data(self):
        return self.one("", "x", "\n", " y ", "\n  ", "  \n\n", "é\n", "{# c #}", "{#- c -#}\n", "\t")

    def statement(self, depth):
        if depth == 0:
            return self.tag(self.any(2), "{")
        return self.one(
            lambda: self.tag(self.any(2), "{"),
            lambda: self.tag(f"set n = {self.number(2)}"),
            lambda: self.tag(f"set t = {self.text(2)}"),
            lambda: self.tag(f"set l = {self.list(1)}"),
            lambda: self.tag(f"set ns.{self.one('count', 'x')} = {self.number(1)}"),
            lambda: self.tag(f"if {self.truth(2)}") + self.body(depth - 1) + self.tag("endif"),
            lambda: self.tag(f"if {self.truth(1)}")
            + self.body(depth - 1)
            + self.tag(f"elif {self.truth(1)}")
            + self.body(depth - 1)
            + self.tag("else")
            + self.body(depth - 1)
            + self.tag("endif"),
            lambda: self.tag(f"for i in {self.list(1)}{self.one('', '', ' if i', ' if i is string')}")
            + self.body(depth - 1)
            + self.one("", "", self.tag("if loop.index > 1") + self.tag(self.one("break", "continue")) + self.tag("endif"))
            + self.body(depth - 1)
            + self.one("", self.tag("else") + self.body(depth - 1))
            + self.tag("endfor"),
            lambda: self.tag("for i in " + self.list(1))
            + self.tag(f"loop.{self.one('index', 'first', 'last', 'length', 'revindex0', 'nextitem')} ~ i | string", "{")
            + self.body(depth - 1)
            + self.tag("endfor"),
            lambda: self.tag("set t") + self.body(depth - 1) + self.tag("endset"),
            lambda: self.tag("generation") + self.body(depth - 1) + self.tag("endgeneration"),
        )()

    def body(self, depth):
        return "".join(self.data() + self.statement(depth) for _ in range(self.r.randint(1, 3))) + self.data()

    def template(self):
        start = "{%- set ns = namespace(count=0) %}{% set n = 4 %}{% set t = 'tt' %}{% set l = [3, 'q'] %}"
        return start + self.body(2)


def random_templates(n):
    made = (Random(seed).template() for seed in itertools.count())
    return itertools.islice((template for template in made if len(template) < 380), n)


def case_of(template, **changed):
    inputs = DEFAULT | changed
    content = [{"type": "image"}, {"type": "text", "text": inputs["question"]}]
    messages = [{"role": "user", "content": content}]
    if inputs["answer"] is not None:
        messages.append({"role": "assistant", "content": [{"type": "text", "text": inputs["answer"]}]})
    case = {"template": template} | changed
    try:
        rendered, _ = render_jinja_template(
            [messages],
            chat_template=template,
            add_generation_prompt=inputs["answer"] is None,
            bos_token=inputs["bos"],
            eos_token=inputs["eos"],
        )
        return case | {"output": rendered[0]}
    except Exception:  # whatever it is, it is no prompt
        return case | {"error": True}


def main():
    cases = [case_of(template, question=question) for template in KNOWN for question in QUESTIONS]
    cases += [case_of(template, answer=answer) for template in KNOWN for answer in ANSWERS]
    cases += [case_of(LLAMA31, bos="", eos="<|eot|>")]
    cases += [case_of(template) for template in SMALL.strip("\n").split("\n") + LINES]
    cases += [case_of(template) for template in whitespace_templates()]
    cases += [case_of(template) for template in random_templates(300)]
    text = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
    (pathlib.Path(sys.argv[1]) / "cases.jsonl").write_text(text, encoding="utf-8")
    print(len(cases), "cases,", sum("error" in c for c in cases), "of them errors,", len(text.encode()), "bytes")


if __name__ == "__main__":
    main()
