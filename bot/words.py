"""Every word that Footnote itself says in Slack, in each language; what it quotes comes from the articles."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language.  `{…}` are filled in; both languages have the same ones."""

    # Answers
    uncertain: str
    written: str
    sources: str
    also: str
    undated: str
    untitled: str
    layout_refused: str
    asked: str
    more: str
    more_detail: str
    no_more: str
    disagreement: str
    unanswered: str
    selection: str
    instead: str
    named_nowhere: str
    not_named_here: str

    # About the articles themselves: of one, of several that are all shown, of more than are shown
    told_count: tuple[str, str, str]
    told_collection: tuple[str, str, str]
    told_mentioning: tuple[str, str, str]
    told_from: tuple[str, str, str]
    told_latest: tuple[str, str, str]
    told_latest_naming: tuple[str, str, str]
    told_oldest: tuple[str, str, str]
    told_oldest_naming: tuple[str, str, str]
    told_none_from: str
    told_none_dated: str
    # Of one article: what is known, and that it is not
    told_title: tuple[str, str]
    told_author: tuple[str, str]
    told_published: tuple[str, str]
    told_publisher: tuple[str, str]
    told_link: tuple[str, str]
    told_of_more: str

    # No answer
    not_in_sources: str
    too_long: str
    welcome: str
    no_articles: str
    nothing_before: str
    nothing_more: str
    nearest: str
    help: str
    help_detail: str
    known: tuple[str, str]
    """Of one article, and of several."""
    known_newest: str
    no_index: str
    tell_names: str
    tell_setter_up: str
    away: str
    away_detail: str
    broken: str
    broken_detail: str
    busy: str
    busy_detail: str
    limited_user: str
    limited_channel: str
    limited_detail: str
    meant: str
    meant_unnamed: str
    unreadable_above: str
    unread_file: str
    unread_link: str
    unread_message: str
    unread_rest: str
    went_quiet: str
    went_quiet_detail: str
    resumed: str
    resumed_detail: str
    declined: str
    declined_detail: str
    perhaps_shared: str
    perhaps_shared_detail: str

    # Buttons, and what they say to a screen reader
    show_passage: str
    show_passages: str
    show_all: str
    show_passage_spoken: str
    more_like_this: str
    more_like_this_spoken: str
    share: str
    share_spoken: str
    ask_person: str
    tell_curators: str
    ask_person_spoken: str
    helped: str
    did_not_help: str
    good: str
    bad: str

    # After a button
    feedback_thanks: str
    feedback_withheld: str
    curators_told: str
    person_asked_before: str
    person_needed: str
    answered: str
    was_answered: str
    nobody_answered: str
    keep_as_article: str
    kept_as_article: str
    kept_before: str
    answer_gone: str
    curators_withheld: str
    shared: str
    shared_before: str
    share_withheld: str
    more_withheld: str
    too_late: str

    # The passage modal
    passage: str
    passage_note: str
    passage_shortened: str
    open_article: str
    quote_number: str
    open_article_alone: str
    previous: str
    next: str
    close: str
    passage_withheld: str
    passage_changed: str

    # The feedback modal
    why: str
    why_question: str
    wrong: str
    outdated: str
    not_asked: str
    in_words: str
    in_words_hint: str
    send: str
    cancel: str

    # App Home and the side panel
    home: str
    home_no_index: str
    home_counts: str
    home_age_now: str
    home_age_minutes: str
    home_age_hours: str
    home_age_days: str
    home_articles: str
    home_collection: str
    home_no_collection: str
    home_more_collections: str
    home_troubles: str
    home_kept: str
    home_examples: str
    add: str
    add_link: str
    add_link_hint: str
    add_title: str
    add_title_hint: str
    add_text: str
    add_text_hint: str
    add_where: str
    add_now: str
    add_no_address: str
    add_what: str
    home_how: str
    home_ways: tuple[str, ...]
    prompts: str

    # While looking
    thinking: str
    looking: tuple[str, ...]

    # Dates and lists
    comma: str
    months: tuple[str, ...]
    full_date: str
    month_date: str

    # For curators
    curators_only: str
    curators_are: str
    curators_none: str
    taken_on: str
    told_directly: str
    fetching: str
    building: str
    building_share: str
    add_done: str
    add_partly: str
    add_nothing: str
    was_added: str
    stands_beside: str
    was_replaced: str
    was_unchanged: str
    was_merged: str
    was_refused: str
    was_left_out: str
    left_out_kinds: tuple[str, ...]
    """In the order of `index.ingest.document.What`."""
    not_indexed: str
    follow_done: str
    follow_nothing: str
    follow_counts: str
    follow_gone: str
    collection_unknown: str
    collection_which: str
    collection_at_top: str
    not_fetched_elsewhere: str
    not_fetched_not_allowed: str
    not_fetched_too_large: str
    not_fetched_failed: str
    remove_question: str
    remove_detail: str
    remove: str
    keep: str
    kept: str
    was_removed: str
    remove_unknown: str
    remove_near: str
    rebuilt: str
    rebuilt_counts: str
    status: str
    status_counts: str
    status_new: str
    status_failed: str
    request_failed: str
    further: str

    # For those who run it
    report_week: str
    report_counts: str
    report_before: str
    weekdays: tuple[str, ...]
    report_answered: str
    report_uncertain: str
    report_none: str
    report_error: str
    report_turned_away: str
    report_days: str
    report_verdicts: str
    report_gone: str
    report_in_vain: str
    report_told: str
    report_not_kept: str
    installed: str
    not_installed: str

    # What people say to the bot
    orders_quiet: tuple[str, ...]
    orders_resume: tuple[str, ...]
    orders_add: tuple[str, ...]
    orders_follow: tuple[str, ...]
    orders_remove: tuple[str, ...]
    orders_rebuild: tuple[str, ...]
    orders_status: tuple[str, ...]


ENGLISH = Words(
    uncertain="Not sure: this is the closest I have.",
    written="Written by a language model from the quotes above. Every sentence was checked against them.",
    sources="Sources",
    also="also in {places}",
    undated="undated",
    untitled="Untitled",
    layout_refused="(Slack did not take the layout of this reply, so here it is as plain text.)",
    asked="Asked privately and shared: “{question}”",
    more="More like this",
    more_detail="These passages are related. They may not answer the question.",
    no_more="I found nothing else that is close to this.",
    disagreement="The articles disagree. The newest comes first.",
    unanswered="The articles do not say: {parts}",
    selection="A selection from the articles:",
    instead="The articles name {named}, not {asked}.",
    named_nowhere="No article names {asked}.",
    not_named_here="What fits best does not name {asked}.",
    told_count=(
        "I know one article:",
        "I know {count} articles:",
        "I know {count} articles. The newest are:",
    ),
    told_collection=(
        "You can ask about what this article says:",
        "You can ask about what these {count} articles say:",
        "You can ask about what {count} articles say. The newest are:",
    ),
    told_mentioning=(
        "One article names {subject}:",
        "{count} articles name {subject}:",
        "{count} articles name {subject}. The newest are:",
    ),
    told_from=(
        "One article is from {subject}:",
        "{count} articles are from {subject}:",
        "{count} articles are from {subject}. The newest are:",
    ),
    told_latest=("The newest article:", "The newest articles:", "The newest of {count} articles:"),
    told_latest_naming=(
        "The newest article that names {subject}:",
        "The newest articles that name {subject}:",
        "The newest of {count} articles that name {subject}:",
    ),
    told_oldest=("The oldest article:", "The oldest articles:", "The oldest of {count} articles:"),
    told_oldest_naming=(
        "The oldest article that names {subject}:",
        "The oldest articles that name {subject}:",
        "The oldest of {count} articles that name {subject}:",
    ),
    told_none_from="No article is from {subject}.",
    told_none_dated="No article has a date, so I cannot say which is first or last.",
    told_title=("Its title is “{value}”.", "It has no title."),
    told_author=("Written by {value}.", "I do not know who wrote it."),
    told_published=("Published: {value}.", "I do not know when it was published."),
    told_publisher=("Published by {value}.", "I do not know who published it."),
    told_link=("Open it here:", "It has no web address."),
    told_of_more="{count} articles match. These are the newest.",
    not_in_sources="I found no answer in the articles.",
    too_long="That is longer than the {limit} characters that I read. Please ask in a sentence or two.",
    welcome="You are welcome.",
    no_articles="I have no articles to search yet. A curator can write “add” to me, with a link or a file.",
    nothing_before="I have no earlier answer here to go on from. Please ask the whole question.",
    nothing_more="That is all the articles say about this.",
    nearest="These come closest, but do not say:",
    help="Ask me a question. I answer with quotes from the articles.",
    help_detail="Mention me in a channel, write to me here, or type `/footnote` to ask in private.",
    known=("I know {count} article", "I know {count} articles"),
    known_newest=", the newest of {date}",
    no_index="I cannot read my articles at the moment, so I could not look this up.",
    tell_names="Please tell {names}.",
    tell_setter_up="Please tell the person who set me up here.",
    away="I cannot take your question right now: my database does not answer.",
    away_detail="Please ask again in a few minutes.",
    broken="Something went wrong on my side, so I could not look this up.",
    broken_detail="Please ask again.",
    busy="Too many questions came at once, so I did not look this one up.",
    busy_detail="Please ask again in a minute.",
    limited_user="That was more than {limit} questions from you in a minute.",
    limited_channel="That was more than {limit} questions in this channel in a minute.",
    limited_detail="Ask again in {seconds} s. Until then I stay silent.",
    meant="{name} asked: “{question}”",
    meant_unnamed="The message that you mean: “{question}”",
    unreadable_above=(
        "I cannot read the messages here. Ask me the question itself, or invite me to the channel."
    ),
    unread_file="I read your message, not the attached file.",
    unread_link="I did not open the link. I only know the articles that were given to me.",
    unread_message=(
        "I did not read the message that you forward or link to. Forward it without words of your own,"
        " and I do."
    ),
    unread_rest="That message is longer than the {limit} characters that I read, so I read a part of it.",
    went_quiet="I stay out of this thread.",
    went_quiet_detail="Mention me and I answer. Say “resume” and I follow along again.",
    resumed="I follow this thread again.",
    resumed_detail="You need not mention me. Say “quiet” and I stay out.",
    declined="I do not answer where people of other organisations take part.",
    declined_detail="Ask me in a direct message, or in a channel of your own organisation.",
    perhaps_shared="I do not know whether outsiders can read along here, so I do not answer.",
    perhaps_shared_detail="Ask me in a direct message, or in a channel that I was invited to.",
    show_passage="Show passage",
    show_passages="Show passages",
    show_all="Show all {count}",
    show_passage_spoken="Show where it stands in the article, quotes: {count}",
    more_like_this="More like this",
    more_like_this_spoken="Show more passages like this quote",
    share="Share in channel",
    share_spoken="Share this answer with everybody in the channel",
    tell_curators="Tell the curators",
    ask_person="Ask a person",
    ask_person_spoken="Pass this question on to the people who look after the articles",
    helped="Helped",
    did_not_help="Did not help",
    good="Good answer",
    bad="Bad answer",
    feedback_thanks="Thank you, noted.",
    feedback_withheld="I no longer have this answer, so I could not note that.",
    curators_told="Noted for the people who look after the articles, with your question.",
    person_asked_before="They have been asked already.",
    person_needed=" can you answer this? The articles do not.",
    answered="Answered",
    was_answered="Answered by {name}",
    nobody_answered="I see no answer in this thread yet. Please write it here, then press the button again.",
    keep_as_article="Keep as article",
    kept_as_article="Kept as an article: I can answer this from now on.",
    kept_before="This is being kept already.",
    answer_gone="I can no longer find this question or its answer, so I could not keep it.",
    curators_withheld="I no longer have this question. Please ask it again.",
    shared="Shared in the channel.",
    shared_before="This answer was shared already.",
    share_withheld="I no longer have this answer. Please ask again.",
    more_withheld="I no longer have this passage. Please ask again.",
    too_late="Slack was too slow to open this. Please press the button again.",
    passage="Passage",
    passage_note="The quoted words are in bold.",
    passage_shortened="The passage is shortened here.",
    open_article="Open the article at this sentence",
    open_article_alone="Open the article",
    quote_number="Quote {number}",
    previous="Previous",
    next="Next",
    close="Close",
    passage_withheld="I cannot show this passage. Please ask again.",
    passage_changed="The article has changed since this answer. Please ask again.",
    why="What went wrong?",
    why_question="This answer is",
    wrong="wrong",
    outdated="outdated",
    not_asked="not what I asked",
    in_words="In your words",
    in_words_hint="What would have been right, and where does it stand?",
    send="Send",
    cancel="Cancel",
    home="What I can answer",
    home_no_index="I cannot read my articles at the moment.",
    home_counts="Articles: {articles} · passages: {passages} · read {age}",
    home_age_now="just now",
    home_age_minutes="{number} min ago",
    home_age_hours="{number} h ago",
    home_age_days="{number} d ago",
    home_articles="Newest articles",
    home_collection="{name}: {count}",
    home_no_collection="Not in a collection",
    home_more_collections="Further collections: {count}",
    home_troubles="What I cannot read",
    home_kept="(I still answer from its last good version.)",
    home_examples="Questions to try",
    add="Add an article",
    add_link="Link",
    add_link_hint="The web address of the article",
    add_title="Title of the text below",
    add_title_hint="What it is about",
    add_text="Or the text itself",
    add_text_hint="Paste it here. A longer one can be sent to me as a file.",
    add_where="Where to",
    add_now="Add",
    add_no_address="That is no web address. It begins with https://.",
    add_what="Give a link, or paste a text below.",
    home_how="How to ask",
    home_ways=(
        "Mention me in a channel, or write to me directly. Further questions in my thread need no mention.",
        "Type /footnote and a question: only you see the answer, until you share it.",
        "Choose “Find sources for this” from the menu of any message.",
        "Edit your question and I edit my reply; delete it and my reply goes too.",
        "Say “quiet” in a thread and I stay out of it; “resume” brings me back.",
    ),
    prompts="Ask the articles",
    thinking="is looking through the articles…",
    looking=("Looking through the articles…", "Comparing sentences…", "Checking each quote…"),
    comma=", ",
    months=(
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    full_date="{day} {month} {year}",
    month_date="{month} {year}",
    curators_only="Only curators change the articles.",
    curators_are="You can ask {names}.",
    curators_none="There are none yet. FOOTNOTE_CURATORS names them.",
    taken_on="On it.",
    told_directly="On it. I write to you in our direct messages how it goes.",
    fetching="Reading {number} of {count}: {name}",
    building="Bringing the index up to date…",
    building_share="Bringing the index up to date: {percent}%",
    add_done="Done. You can ask about it now.",
    add_partly="Done, but not with all of it.",
    add_nothing="Nothing was added.",
    was_added="Added “{title}”{place}",
    stands_beside=". There is also {sibling}; remove that if this takes its place",
    was_replaced="Replaced “{title}”{place} by the new version",
    was_unchanged="“{title}”{place} was there already",
    was_merged="{source} is a copy of “{title}”{place}, which now names it too",
    was_refused="{source} {reason}",
    was_left_out="Left out of {id}: {kind} ({count}) {words}",
    left_out_kinds=(
        *("text around the article", "hidden text", "hidden rows", "struck text"),
        *("pictures", "comments", "code", "attachments", "text that is turned"),
    ),
    not_indexed="{file} is not in the index: it {reason}",
    follow_done="Followed. `footnote follow --every 1h` on the server takes in what comes later.",
    follow_nothing="Nothing is followed.",
    follow_counts="{url}: {new} articles taken in, {unchanged} as they were",
    follow_gone="{url} is gone; its article {id} stays until it is removed",
    collection_unknown="There is no collection “{name}” here. Choose from: {names}.",
    collection_which="Please say into which collection, as in “add … to {name}”. Choose from: {names}.",
    collection_at_top="“.” (no collection)",
    not_fetched_elsewhere="{name} is not kept by Slack itself. Please upload the file, or give its address.",
    not_fetched_not_allowed="I may not read {name}: the app needs the scope files:read.",
    not_fetched_too_large="{name} is larger than {megabytes} MB, the most that I read.",
    not_fetched_failed="{name} did not arrive from Slack. Please try again.",
    remove_question="Remove “{title}” ({id})?",
    remove_detail="No answer is taken from it any more. Its text is kept for {days} days, just in case.",
    remove="Remove",
    keep="Keep",
    kept="“{id}” stays.",
    was_removed="Removed “{title}” ({id}). No answer is taken from it any more.",
    remove_unknown="There is no article “{name}” here.",
    remove_near="Did you mean one of these? {names}",
    rebuilt="The index is up to date.",
    rebuilt_counts="Added: {added} · changed: {changed} · removed: {removed} · failed: {failed}",
    status="What I know",
    status_counts="Articles: {articles} · passages: {passages} · tasks waiting: {waiting}",
    status_new="{id} is not in the index as it is now; “rebuild” brings it up to date",
    status_failed="{file} {reason}",
    request_failed="That could not be done.",
    further="and {count} more",
    report_week="What was asked from {first} to {last}",
    report_counts="Questions: {questions}",
    report_before=" ({questions} in the {days} days before)",
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    report_answered="answered {share}",
    report_uncertain="closest found {share}",
    report_none="no answer {share}",
    report_error="errors {share}",
    report_turned_away="turned away {share}",
    report_days="Questions a day: {numbers}",
    report_verdicts="Verdicts: {good} 👍, {bad} 👎",
    report_gone="no quote of it to show",
    report_in_vain="Asked in vain: {count}",
    report_told="passed on",
    report_not_kept="Only what was passed on is listed; FOOTNOTE_KEEP_QUESTIONS=yes lists the rest too.",
    installed="Installed. Invite Footnote to a channel and mention it, or write to it directly.",
    not_installed="Not installed ({reason}). Please begin again at {path}.",
    orders_quiet=("quiet", "be quiet", "please be quiet", "stay quiet", "hush"),
    orders_resume=("resume", "please resume", "you may resume"),
    orders_add=("add", "please add"),
    orders_follow=("follow", "please follow"),
    orders_remove=("remove", "please remove", "delete"),
    orders_rebuild=("rebuild", "please rebuild", "rebuild the index"),
    orders_status=("status", "your status"),
)

CHINESE = Words(
    uncertain="不太确定，这是最接近的内容。",
    written="这段文字由语言模型根据上面的原句写成，每句话都已与原句核对。",
    sources="来源",
    also="另见 {places}",
    undated="日期不详",
    untitled="无标题",
    layout_refused="（Slack 不接受这条回复的版式，因此改用纯文本。）",
    asked="私下提问后分享：“{question}”",
    more="类似内容",
    more_detail="相关段落，不一定回答这个问题。",
    no_more="没有找到与这段话相近的其他内容。",
    disagreement="文章说法不一，最新的在前。",
    unanswered="文章没有说明：{parts}",
    selection="文章内容节选：",
    instead="文章提到的是 {named}，不是 {asked}。",
    named_nowhere="没有文章提到 {asked}。",
    not_named_here="最相近的内容没有提到 {asked}。",
    told_count=("我有一篇文章：", "我有 {count} 篇文章：", "我有 {count} 篇文章，最新的是："),
    told_collection=(
        "可以问这篇文章的内容：",
        "可以问这 {count} 篇文章的内容：",
        "可以问 {count} 篇文章的内容，最新的是：",
    ),
    told_mentioning=(
        "有一篇文章提到 {subject}：",
        "有 {count} 篇文章提到 {subject}：",
        "有 {count} 篇文章提到 {subject}，最新的是：",
    ),
    told_from=(
        "有一篇文章来自 {subject}：",
        "有 {count} 篇文章来自 {subject}：",
        "有 {count} 篇文章来自 {subject}，最新的是：",
    ),
    told_latest=("最新的文章：", "最新的文章：", "{count} 篇文章中最新的："),
    told_latest_naming=(
        "提到 {subject} 的最新文章：",
        "提到 {subject} 的最新文章：",
        "提到 {subject} 的 {count} 篇文章中最新的：",
    ),
    told_oldest=("最早的文章：", "最早的文章：", "{count} 篇文章中最早的："),
    told_oldest_naming=(
        "提到 {subject} 的最早的文章：",
        "提到 {subject} 的最早的文章：",
        "{count} 篇提到 {subject} 的文章中最早的：",
    ),
    told_none_from="没有来自 {subject} 的文章。",
    told_none_dated="文章都没有日期，无法说出哪篇最新。",
    told_title=("标题：“{value}”。", "它没有标题。"),
    told_author=("作者：{value}。", "我不知道作者是谁。"),
    told_published=("发表日期：{value}。", "我不知道它是什么时候发表的。"),
    told_publisher=("发表于：{value}。", "我不知道它是由谁发表的。"),
    told_link=("在这里打开：", "我不知道它的网址。"),
    told_of_more="有 {count} 篇文章符合，这里是最新的几篇。",
    not_in_sources="文章里没有找到答案。",
    too_long="问题超过了我能读的 {limit} 个字符，请用一两句话提问。",
    welcome="不客气。",
    no_articles="我还没有可以查找的文章。管理文章的人可以对我说“添加”，并附上链接或文件。",
    nothing_before="这里还没有可以接着说的回答，请把问题完整地问一遍。",
    nothing_more="文章里关于这个问题的内容，我都已经列出来了。",
    nearest="最接近的文章（没有说明这一点）：",
    help="向我提问，我会引用文章原文来回答。",
    help_detail="在频道里提到我，直接给我发消息，或输入 `/footnote` 私下提问。",
    known=("我知道 {count} 篇文章", "我知道 {count} 篇文章"),
    known_newest="，最新的发表于 {date}",
    no_index="我现在读不到文章，无法查找。",
    tell_names="请告诉 {names}。",
    tell_setter_up="请告诉在这里安装我的人。",
    away="我现在无法接收您的问题：我的数据库没有响应。",
    away_detail="请过几分钟再问。",
    broken="我这边出了问题，没能查找。",
    broken_detail="请再问一次。",
    busy="同时来的问题太多，这一个我没有查找。",
    busy_detail="请过一分钟再问。",
    limited_user="你在一分钟里问了超过 {limit} 个问题。",
    limited_channel="这个频道一分钟里的问题超过了 {limit} 个。",
    limited_detail="请在 {seconds} 秒后再问，在此之前我不回应。",
    meant="{name} 问：“{question}”",
    meant_unnamed="你指的消息：“{question}”",
    unreadable_above="我读不到这里的消息。请直接向我提问，或邀请我加入频道。",
    unread_file="我只读了消息里的文字，没有读附件。",
    unread_link="我没有打开链接，我只知道交给我的文章。",
    unread_message="我没有读你转发或链接的消息。只转发消息、不加自己的话，我就会读。",
    unread_rest="那条消息超过了我能读的 {limit} 个字符，我只读了一部分。",
    went_quiet="我不再参与这个话题。",
    went_quiet_detail="提到我时我会回答；说“回来”，我就重新跟进。",
    resumed="我重新跟进这个话题。",
    resumed_detail="接着问不必再提到我；说“安静”，我就不再参与。",
    declined="有其他组织的人参与的地方，我不回答。",
    declined_detail="请直接给我发消息，或在你们自己组织的频道里提问。",
    perhaps_shared="我不知道这里是否有外部人员，所以不回答。",
    perhaps_shared_detail="请直接给我发消息，或在邀请过我的频道里提问。",
    show_passage="查看段落",
    show_passages="查看段落",
    show_all="查看全部 {count} 段",
    show_passage_spoken="查看引文在文章中的位置，引文数：{count}",
    more_like_this="类似内容",
    more_like_this_spoken="查找与这段引文类似的内容",
    share="分享到频道",
    share_spoken="把这个回答分享给频道里的所有人",
    tell_curators="告诉管理员",
    ask_person="找人回答",
    ask_person_spoken="把这个问题转给管理文章的人",
    helped="有帮助",
    did_not_help="没有帮助",
    good="回答得好",
    bad="回答得不好",
    feedback_thanks="谢谢，已记下。",
    feedback_withheld="我已经没有这个回答，无法记下。",
    curators_told="已连同你的问题一起记给管理文章的人，谢谢。",
    person_asked_before="已经请他们回答过了。",
    person_needed=" 文章里没有答案，能回答一下吗？",
    answered="已回答",
    was_answered="{name} 已回答",
    nobody_answered="话题里还没有看到回答。请先写在这里，再按一次按钮。",
    keep_as_article="存为文章",
    kept_as_article="已存为文章，以后我可以回答这个问题。",
    kept_before="正在保存。",
    answer_gone="找不到这个问题或它的回答了，无法保存。",
    curators_withheld="我已经没有这个问题，无法记下。请再问一次。",
    shared="已分享到频道。",
    shared_before="这个回答已经分享过了。",
    share_withheld="我已无法分享这个回答，请再问一次。",
    more_withheld="我已无法从这段话继续查找，请再问一次。",
    too_late="Slack 等得太久，没能打开。请再按一次按钮。",
    passage="段落",
    passage_note="引用的文字以粗体显示。",
    passage_shortened="这里的段落有删节。",
    open_article="在文章中打开这句话",
    open_article_alone="打开文章",
    quote_number="引文 {number}",
    previous="上一段",
    next="下一段",
    close="关闭",
    passage_withheld="我不能显示这段话，请再问一次。",
    passage_changed="文章在回答之后有了改动，引文已不在原处。请再问一次。",
    why="哪里不对？",
    why_question="这个回答",
    wrong="有错误",
    outdated="已过时",
    not_asked="不是我问的",
    in_words="用你的话说",
    in_words_hint="正确的答案是什么，出自哪里？",
    send="发送",
    cancel="取消",
    home="我能回答什么",
    home_no_index="我现在读不到文章，暂时不能回答。",
    home_counts="文章：{articles} · 段落：{passages} · 读取于 {age}",
    home_age_now="刚才",
    home_age_minutes="{number} 分钟前",
    home_age_hours="{number} 小时前",
    home_age_days="{number} 天前",
    home_articles="最新文章",
    home_collection="{name}：{count}",
    home_no_collection="未分类",
    home_more_collections="其他分类：{count}",
    home_troubles="无法读取的文件",
    home_kept="（仍可查询它最后一个可用的版本。）",
    home_examples="可以试试这些问题",
    add="添加文章",
    add_link="链接",
    add_link_hint="文章的网址",
    add_title="下面文字的标题",
    add_title_hint="它讲的是什么",
    add_text="或者文字本身",
    add_text_hint="粘贴在这里。更长的可以作为文件发给我。",
    add_where="放进",
    add_now="添加",
    add_no_address="这不是网址，网址以 https:// 开头。",
    add_what="请给出链接，或在下面粘贴文字。",
    home_how="怎样提问",
    home_ways=(
        "在频道里提到我，或直接给我发消息。在我的话题里接着问不必再提到我。",
        "输入 /footnote 和问题：只有你能看到回答，直到你分享它。",
        "在任何消息的菜单里选择“Find sources for this”。",
        "修改问题，我会修改回复；删除问题，回复也会删除。",
        "在话题里说“安静”，我就不再参与；说“回来”，我就回来。",
    ),
    prompts="向文章提问",
    thinking="正在查找文章…",
    looking=("正在查找文章…", "正在比较句子…", "正在核对引文…"),
    comma="、",
    months=tuple(f"{number}月" for number in range(1, 13)),
    full_date="{year}年{month}{day}日",
    month_date="{year}年{month}",
    curators_only="只有管理文章的人可以改动文章。",
    curators_are="可以找 {names}。",
    curators_none="现在还没有人管理文章，可以用 FOOTNOTE_CURATORS 指定。",
    taken_on="正在处理。",
    told_directly="正在处理，进展会在我们的私信里告诉你。",
    fetching="正在读取第 {number} 个，共 {count} 个：{name}",
    building="正在更新索引…",
    building_share="正在更新索引：{percent}%",
    add_done="完成。现在可以就这些文章提问。",
    add_partly="完成了一部分。",
    add_nothing="没有添加任何文章。",
    was_added="已添加“{title}”{place}",
    stands_beside="。已有名称相近的 {sibling}；如果新的取代它，请将其移除",
    was_replaced="已用新版本替换“{title}”{place}",
    was_unchanged="“{title}”{place}已经在这里，没有变化",
    was_merged="{source} 与“{title}”{place}相同，已在那里注明",
    was_refused="{source} {reason}",
    was_left_out="{id} 没有收入：{kind}（{count}）{words}",
    left_out_kinds=(
        *("文章周围的文字", "隐藏的文字", "隐藏的行", "划掉的文字"),
        *("图片", "批注", "代码", "附件", "转了方向的文字"),
    ),
    not_indexed="{file} 没有进入索引：{reason}",
    follow_done="已关注。在服务器上运行 `footnote follow --every 1h` 可以持续收录更新。",
    follow_nothing="没有关注任何内容。",
    follow_counts="{url}：收录 {new} 篇，{unchanged} 篇没有变化",
    follow_gone="{url} 已不存在；文章 {id} 会保留，直到移除",
    collection_unknown="这里没有分类“{name}”。可选：{names}。",
    collection_which="请说明放进哪个分类，例如“添加 … 到 {name}”。可选：{names}。",
    collection_at_top="“.”（不分类）",
    not_fetched_elsewhere="{name} 不在 Slack 上，请上传文件，或给出网址。",
    not_fetched_not_allowed="我无权读取 {name}：应用需要 files:read 权限。",
    not_fetched_too_large="{name} 超过 {megabytes} MB，读不了这么大的文件。",
    not_fetched_failed="{name} 没有从 Slack 完整取得，请再试一次。",
    remove_question="要删除“{title}”（{id}）吗？",
    remove_detail="以后不再用它回答。原文会保留 {days} 天，以防误删。",
    remove="删除",
    keep="保留",
    kept="“{id}”保留。",
    was_removed="已删除“{title}”（{id}），以后不再用它回答。",
    remove_unknown="这里没有文章“{name}”。",
    remove_near="是其中一篇吗？{names}",
    rebuilt="索引已是最新。",
    rebuilt_counts="添加：{added} · 改动：{changed} · 删除：{removed} · 失败：{failed}",
    status="我知道的内容",
    status_counts="文章：{articles} · 段落：{passages} · 等待的任务：{waiting}",
    status_new="{id} 现在的版本还不在索引里；“重建”可以更新",
    status_failed="{file} {reason}",
    request_failed="没能完成。",
    further="还有 {count} 项",
    report_week="{first}至{last}的提问",
    report_counts="提问：{questions}",
    report_before="（之前 {days} 天：{questions}）",
    weekdays=("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    report_answered="已回答 {share}",
    report_uncertain="最接近的内容 {share}",
    report_none="没有答案 {share}",
    report_error="出错 {share}",
    report_turned_away="未受理 {share}",
    report_days="每天的提问：{numbers}",
    report_verdicts="评价：{good} 👍，{bad} 👎",
    report_gone="没有可以显示的引文",
    report_in_vain="没有得到回答的提问：{count}",
    report_told="已转告",
    report_not_kept="这里只列出转告给管理员的提问；设置 FOOTNOTE_KEEP_QUESTIONS=yes 后会列出其余的。",
    installed="已安装。请把 Footnote 邀请到频道并提到它，或直接给它发消息。",
    not_installed="未安装（{reason}）。请从 {path} 重新开始。",
    orders_quiet=("安静", "请安静", "别说了"),
    orders_resume=("回来", "请回来"),
    orders_add=("添加", "请添加", "加入"),
    orders_follow=("关注", "请关注", "订阅"),
    orders_remove=("删除", "请删除", "移除"),
    orders_rebuild=("重建", "重建索引", "更新索引"),
    orders_status=("状态", "现在的状态"),
)

LANGUAGES = (ENGLISH, CHINESE)

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
# Japanese is written with Han characters too, and Korean was.
_NOT_CHINESE = re.compile("[\u3040-\u30ff\uac00-\ud7af]")


def words_for(locale: str | None, text: str = "") -> Words:
    """Return the language of a Slack locale such as `zh-CN`; if none is known, of what the person wrote.

    >>> words_for(None, "谁持有斑马的股份？") is CHINESE, words_for("de-DE") is ENGLISH
    (True, True)
    """
    if locale:
        return CHINESE if locale.lower().startswith("zh") else ENGLISH
    return CHINESE if _HAN.search(text) and not _NOT_CHINESE.search(text) else ENGLISH
