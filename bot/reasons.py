"""Why a file or an address is no article, in the reader's language.

The index and its readers give reasons in English, as terminal and log show them.  Here stand their
forms and what they are in other languages; what a file itself brings, such as its title, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.words import CHINESE, Words

# What may follow a reason.
_TAILS = {
    " Until then its last good version stays.": "在此之前保留最后一个可用的版本。",
    " What cannot be read of it is left out.": "读不懂的部分没有收入。",
    " It is read as text.": "已作为正文读取。",
}

# English, as `index` says it, with a name in braces for what differs; the first that fits is taken.
_IN_CHINESE: Mapping[str, str] = {
    # Files in the sources folder
    "is empty: write the text below the front matter, or delete the file.": (
        "是空的：请在文件头下面写上正文，或删除文件。"
    ),
    "is empty.": "是空的。",
    "holds no sentence, only headings and marks. Write some text, or delete the file.": (
        "没有句子，只有标题和符号。请写上正文，或删除文件。"
    ),
    "is UTF-16, not UTF-8. Convert it: {command}": "是 UTF-16 编码，不是 UTF-8。请转换：{command}",
    "is not UTF-8: byte {byte} at offset {offset}. Convert it: {command}": (
        "不是 UTF-8 编码：位置 {offset} 的字节是 {byte}。请转换：{command}"
    ),
    "holds a NUL character in line {line}, so it is not plain text. Export it again as UTF-8 text.": (
        "第 {line} 行有 NUL 字符，不是纯文本。请重新导出为 UTF-8 文本。"
    ),
    "has {count} characters of front matter; at most {limit} are read. Move the text below the closing"
    " '---' line.": "文件头有 {count} 个字符，最多读 {limit} 个。请把正文移到结束文件头的“---”行下面。",
    "opens front matter with '---' in line 1 and never closes it. Put a line '---' below the last field.": (
        "第 1 行用“---”开始了文件头，却没有结束它。请在最后一个字段下面加一行“---”。"
    ),
    "uses a YAML anchor or alias ('&' or '*') in line {line}. Put quotation marks round the value.": (
        "第 {line} 行用了 YAML 的锚点或别名（“&”或“*”）。请给这个值加上引号。"
    ),
    "nests its front matter too deeply in line {line}. Flatten it.": (
        "文件头第 {line} 行嵌套太深，请写得简单一些。"
    ),
    "has broken front matter: {problem} in line {line}. Put quotation marks round a value that holds ': '"
    " or '#'.": "文件头第 {line} 行有错误（{problem}）。含有“: ”或“#”的值请加上引号。",
    "has broken front matter: {problem}. Put quotation marks round a value that holds ': ' or '#'.": (
        "文件头有错误（{problem}）。含有“: ”或“#”的值请加上引号。"
    ),
    "has broken front matter: {problem}. Save the file as plain UTF-8 text.": (
        "文件头有错误（{problem}）。请把文件存为 UTF-8 纯文本。"
    ),
    "has front matter that is not a list of fields (line {line}). Write lines such as"
    " 'title: My article'.": "文件头不是字段的列表（第 {line} 行）。请写成“title: 我的文章”这样的行。",
    "gives '{name}' twice, in lines {first} and {second}. Keep one.": (
        "第 {first} 行和第 {second} 行都写了“{name}”，请只留一个。"
    ),
    "gives '{name}' in line {line} as a list. Write one value.": (
        "第 {line} 行的“{name}”是列表，请只写一个值。"
    ),
    "has a title of {count} characters in line {line}. Write at most {limit}.": (
        "第 {line} 行的标题有 {count} 个字符，请最多写 {limit} 个。"
    ),
    "names too much under 'also' in line {line}. Keep at most {copies} copies, each 'Publisher, https://…'"
    " in at most {limit} characters.": (
        "第 {line} 行的“also”写得太多。最多 {copies} 条，每条为“出版者, https://…”，不超过 {limit} 个字符。"
    ),
    "gives a date that cannot be read in line {line}: '{value}'. Write 2019-07-17, 2019-07 or 2019.": (
        "第 {line} 行的日期“{value}”读不懂，请写成 2019-07-17、2019-07 或 2019。"
    ),
    "gives a date that cannot be read: '{value}'. Write 2019-07-17, 2019-07 or 2019.": (
        "日期“{value}”读不懂，请写成 2019-07-17、2019-07 或 2019。"
    ),
    "gives a language that is not a language code in line {line}: '{value}'. Write 'en', 'zh' or"
    " 'pt-BR'.": "第 {line} 行的语言“{value}”不是语言代码，请写成“en”、“zh”或“pt-BR”。",
    "gives a url that is not a web address in line {line}: '{value}'. Write a full address that begins with"
    " https://, or leave the line out.": (
        "第 {line} 行的 url“{value}”不是网址。请写以 https:// 开头的完整网址，或去掉这一行。"
    ),
    "has the name of {other} but for the suffix. Rename one of them.": (
        "与 {other} 只有后缀不同，请给其中一个改名。"
    ),
    "has a name that is not UTF-8. Rename it.": "文件名不是 UTF-8 编码，请改名。",
    "has {size} MB; at most {limit} MB are read. Split it into several articles.": (
        "有 {size} MB，最多读 {limit} MB。请分成几篇文章。"
    ),
    "cannot be opened: {problem}. Check its permissions.": "打不开（{problem}），请检查权限。",
    "cannot be read: {problem}. Check the file and its permissions.": (
        "无法读取（{problem}），请检查文件和权限。"
    ),
    "cannot be read: {problem}. Check the name and the permissions.": (
        "无法读取（{problem}），请检查名字和权限。"
    ),
    "is a link to a folder, which is not followed. Copy the folder instead.": (
        "是指向文件夹的链接，不会跟随。请复制那个文件夹。"
    ),
    "is a link to a folder, which is not followed. Add that folder by its own name.": (
        "是指向文件夹的链接，不会跟随。请用那个文件夹自己的名字添加。"
    ),
    "is a link, which is not followed. Add the file that it leads to by its own name.": (
        "是链接，不会跟随。请用它所指文件自己的名字添加。"
    ),
    "is a link that leads out of the sources folder. Copy the file instead.": (
        "是指向来源文件夹之外的链接，请复制那个文件。"
    ),
    "is not a regular file. Replace it by the text itself, or remove it.": (
        "不是普通文件，请换成文本本身，或删除它。"
    ),
    "is not a regular file. Give the file itself.": "不是普通文件，请给出文件本身。",
    # Documents
    "holds no text. If it holds a picture of a text, add the text itself.": (
        "没有文字。如果里面是文字的图片，请添加文字本身。"
    ),
    "holds more than {limit} MB of text. Split it into several articles.": (
        "文字超过 {limit} MB，请分成几篇文章。"
    ),
    "is larger than {limit} MB, which is the most that is read.": "超过 {limit} MB，读不了这么大的文件。",
    "is larger than {limit} MB, which is the most that is fetched.": "超过 {limit} MB，不下载这么大的内容。",
    "is the same text as '{title}' ({file}). It is there already.": (
        "与“{title}”（{file}）内容相同，已经在这里了。"
    ),
    "is not text in any encoding that is known. Save it again as UTF-8.": (
        "不是任何已知编码的文本，请重新存为 UTF-8。"
    ),
    "is called {name} and is none. Export it once more.": "名为 {name}，内容却不是。请重新导出。",
    "is of a kind that is not read ({name}). {kinds} are.": (
        "是读不了的类型（{name}）。可以读 Markdown、文本、HTML、PDF、Word（.docx）、OpenDocument（.odt）、"
        "EPUB、RTF、PowerPoint（.pptx）、Excel（.xlsx）、CSV、电子邮件（.eml）、Slack 导出等。"
    ),
    "is {name}, which is not read. {kinds} are.": (
        "是 {name}，读不了。可以读 Markdown、文本、HTML、PDF、Word（.docx）、OpenDocument（.odt）、EPUB、"
        "RTF、PowerPoint（.pptx）、Excel（.xlsx）、CSV、电子邮件（.eml）、Slack 导出等。"
    ),
    "is a document of an old Office. Save it as .docx, .xlsx, .pptx or PDF, and add that.": (
        "是旧版 Office 文档。请存为 .docx、.xlsx、.pptx 或 PDF 后再添加。"
    ),
    "is damaged ({problem}). Save it once more.": "已损坏（{problem}），请重新保存。",
    "is damaged, or not of the kind that its name says. Save it once more.": (
        "已损坏，或不是文件名所说的类型，请重新保存。"
    ),
    "is damaged JSON. Export it once more.": "是损坏的 JSON，请重新导出。",
    "is a damaged workbook. Save it once more as .xlsx.": "是损坏的工作簿，请重新存为 .xlsx。",
    "holds no value in any visible cell. Save it once more in a spreadsheet.": (
        "可见的单元格里没有值，请用表格软件重新保存。"
    ),
    "has more than {rows} rows or {cells} cells. Keep those that are asked for, or split it.": (
        "超过 {rows} 行或 {cells} 个单元格。请只留需要的部分，或分成几个文件。"
    ),
    "cannot be read as a table ({problem}). Save it once more as CSV.": (
        "无法作为表格读取（{problem}），请重新存为 CSV。"
    ),
    "is a zip archive and no presentation. Save it once more as .pptx.": (
        "是 zip 压缩包，不是演示文稿，请重新存为 .pptx。"
    ),
    "is an e-mail without a text. Add what is attached to it.": "是没有正文的邮件，请添加它的附件。",
    "is not an e-mail: it begins with no sender or subject. Save it once more as .eml.": (
        "不是邮件：开头没有发件人或主题，请重新存为 .eml。"
    ),
    "holds no messages of a Slack export. Add the documents that are in it one by one.": (
        "里面没有 Slack 导出的消息，请逐个添加里面的文档。"
    ),
    "is mostly links; look whether that is what you meant to add.": (
        "大部分是链接，请看看这是不是您要添加的。"
    ),
    "has its front matter in TOML, to which nothing is added. Write it as YAML.": (
        "文件头是 TOML，无法补充内容，请写成 YAML。"
    ),
    "gives '{name}' as '{value}', which cannot be read and is left out. {remedy}": (
        "“{name}”写成了“{value}”，读不懂，因此没有收入。"
    ),
    "cannot be read here, because the program pandoc is missing. Install it: pip install pypandoc_binary": (
        "在这里读不了，因为缺少程序 pandoc。请安装：pip install pypandoc_binary。"
    ),
    "is a picture. Add the text that it shows.": "是图片，请添加图片上的文字。",
    "is encrypted. Save it without a password, and add it again.": (
        "已加密。请存为不带密码的文件，再重新添加。"
    ),
    "is a damaged PDF ({problem}). Export it again, or add it as text.": (
        "是损坏的 PDF（{problem}）。请重新导出，或添加文本。"
    ),
    "is a PDF without pages.": "是没有页面的 PDF。",
    "is a scanned PDF: it holds pictures of pages and no text. Run text recognition over it (such as"
    " ocrmypdf), and add the result.": (
        "是扫描的 PDF：只有页面的图片，没有文字。请先做文字识别（例如用 ocrmypdf），再添加结果。"
    ),
    "does not say which letters its signs are, so that no text can be read out of it. Run text recognition"
    " over it (such as ocrmypdf --force-ocr), and add the result.": (
        "没有说明其符号是哪些字，读不出文字。请先做文字识别（例如用 ocrmypdf --force-ocr），再添加结果。"
    ),
    "has more than {limit} pages. Split it into several documents.": "超过 {limit} 页，请分成几个文档。",
    "is a zip archive and no Word document. Add the documents that are in it.": (
        "是 zip 压缩包，不是 Word 文档。请添加里面的文档。"
    ),
    "is a damaged Word document. Save it once more as .docx.": "是损坏的 Word 文档，请重新存为 .docx。",
    "needs more memory than a document is given. Split it into several documents.": (
        "需要的内存超过了限制，请分成几个文档。"
    ),
    "has more than {limit} parts, which no document has.": "超过 {limit} 个部分，没有这样的文档。",
    "unpacks to more than {limit} MB. Split it into several documents.": (
        "解压后超过 {limit} MB，请分成几个文档。"
    ),
    "declares XML entities, which no document needs. It is not read.": (
        "声明了 XML 实体，文档里用不着，因此不读。"
    ),
    "nests its parts too deeply to be read. Save it in a simpler form.": "嵌套太深，读不了。请存得简单一些。",
    "took longer than {seconds} seconds to read, which is where reading stops. Export it once more, or"
    " split it into several documents.": "读了 {seconds} 秒还没读完，已停止。请重新导出，或分成几个文档。",
    "broke the program that reads it. It may be damaged: export it once more, in another form.": (
        "让读取程序出了错，可能已损坏。请用另一种格式重新导出。"
    ),
    # Pages
    "is a web archive without a page in it. Save the page again, as HTML.": (
        "是里面没有网页的存档。请把网页重新存为 HTML。"
    ),
    "is a list of links and not an article. Give the address of the article itself.": (
        "是链接列表，不是文章。请给出文章本身的网址。"
    ),
    "is not an article: hardly any running text is in it. Give the address of the article itself; if its"
    " text appears only in a browser, save the page there and add the file.": (
        "不是文章：几乎没有成段的文字。请给出文章本身的网址；如果文字只在浏览器里出现，请在浏览器里保存网页，"
        "再添加文件。"
    ),
    "is HTML that cannot be taken apart. Open it in a browser, save it once more, and add that.": (
        "是无法解析的 HTML。请在浏览器里打开并重新保存，再添加。"
    ),
    "asks for a login, so the article behind it cannot be read. Open it in your browser, save the page, and"
    " add the file.": "需要登录，读不到后面的文章。请在浏览器里打开并保存网页，再添加文件。",
    "leads to a login, so the article behind it cannot be read. Open it in your browser, save the page, and"
    " add the file.": "转到了登录页，读不到后面的文章。请在浏览器里打开并保存网页，再添加文件。",
    "asks for a login or is closed to programs (status {status}). Open it in your browser, save the page,"
    " and add the file.": (
        "需要登录，或不对程序开放（状态 {status}）。请在浏览器里打开并保存网页，再添加文件。"
    ),
    # Addresses
    "is not a web address. Copy it once more from your browser.": "不是网址，请从浏览器里重新复制。",
    "is not a web address: only http:// and https:// are fetched.": (
        "不是网址：只下载 http:// 和 https:// 开头的。"
    ),
    "holds characters that no web address has. Copy it once more from your browser.": (
        "含有网址里不会有的字符，请从浏览器里重新复制。"
    ),
    "holds a user name or a password, which are never sent. Give the address without.": (
        "含有用户名或密码，这些从不发送。请给出不含它们的网址。"
    ),
    "names port {port}; only 80 and 443 are fetched from. {more}": (
        "用了端口 {port}，只从 80 和 443 下载。FOOTNOTE_ALLOW_HOSTS 可以列出例外。"
    ),
    "names a host that cannot be. Copy the address once more from your browser.": (
        "主机名不可能存在，请从浏览器里重新复制网址。"
    ),
    "names no host. Copy the address once more from your browser.": "没有主机名，请从浏览器里重新复制网址。",
    "cannot be reached: no address is known for {host}. Check the spelling.": (
        "无法访问：找不到 {host} 的地址，请检查拼写。"
    ),
    "cannot be reached ({problem}). Check the address, and try again.": (
        "无法访问（{problem}）。请检查网址，再试一次。"
    ),
    "leads to a private address ({host}), which is not fetched, so that nobody can look into the network"
    " behind this server. Save the page in your browser and add the file. {more}": (
        "指向内部地址（{host}）。为了不让人窥探服务器后面的网络，这样的地址不下载。请在浏览器里保存网页，再添加"
        "文件。FOOTNOTE_ALLOW_HOSTS 可以列出例外。"
    ),
    "has no valid certificate ({problem}), so what it sends cannot be trusted.": (
        "没有有效的证书（{problem}），它发来的内容不可信。"
    ),
    "was redirected more than {limit} times. Give the address that a browser ends at.": (
        "跳转超过 {limit} 次。请给出浏览器最后停在的网址。"
    ),
    "does not exist (status {status}). Check the address.": "不存在（状态 {status}），请检查网址。",
    "cannot be read now: the server answered with status {status}. Try again later.": (
        "现在读不了：服务器返回了状态 {status}。请稍后再试。"
    ),
    "came in an encoding that was not asked for ({name}). Save the page, and add the file.": (
        "用了没有要求的压缩方式（{name}）。请保存网页，再添加文件。"
    ),
    "came damaged: it could not be unpacked. Try again.": "收到时已损坏，无法解压，请再试一次。",
    "is closed to programs by the robots.txt of its host, which is respected.": (
        "其主机的 robots.txt 不允许程序读取，我们遵守它。"
    ),
    "cannot be followed now: the robots.txt of its host {problem}": (
        "现在无法关注：读不到其主机的 robots.txt（{problem}）。"
    ),
    "is no RSS or Atom feed and no sitemap. To take in a page alone, add it.": (
        "不是 RSS、Atom 订阅源，也不是站点地图。如果只要这一页，请添加它。"
    ),
    "is a damaged feed or sitemap ({problem}). Try again later.": (
        "是损坏的订阅源或站点地图（{problem}），请稍后再试。"
    ),
    "declares a document type, in which entities could hide, and is not read.": (
        "声明了文档类型，其中可能藏有实体，不读取。"
    ),
    "nests its parts too deeply to be a feed, and is not read.": "嵌套太深，不像订阅源，不读取。",
    "unpacks to more than {limit} MB, the most that is read.": "解压后超过 {limit} MB，超出了读取上限。",
    "broke off before its end. Try again.": "没有传完就断了，请再试一次。",
    "took too long to answer. Try again later, or save the page and add the file.": (
        "太久没有回应。请稍后再试，或保存网页再添加文件。"
    ),
}


def reason_in(words: Words, reason: str) -> str:
    """Return the reason in that language; unchanged if that is English, or the reason is not known.

    >>> reason_in(CHINESE, "is a picture. Add the text that it shows.")
    '是图片，请添加图片上的文字。'
    """
    if words is not CHINESE:
        return reason
    for tail, chinese in _TAILS.items():
        if reason.endswith(tail):
            return reason_in(words, reason.removesuffix(tail)) + chinese
    for english, chinese in _IN_CHINESE.items():
        # Compiled when it is needed: at every start it would slow every command.
        if found := re.fullmatch(_form(english), reason, re.DOTALL):
            return chinese.format(**found.groupdict())
    return reason


def _form(english: str) -> str:
    """Return a pattern with a group for each name in braces."""
    parts = re.split(r"{(\w+)}", english)
    return "".join(f"(?P<{part}>.+?)" if number % 2 else re.escape(part) for number, part in enumerate(parts))
