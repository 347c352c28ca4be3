"""Why a file or an address is no article, in the reader's language.

What a file itself brings, such as its title, stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.words import CHINESE, Words
from index.reasons import Reason, Why

_IN_CHINESE: Mapping[Why, str] = {
    # Files in the sources folder
    Why.EMPTY_ARTICLE: "是空的：请在文件头下面写上正文，或删除文件。",
    Why.NO_SENTENCE: "没有句子，只有标题和符号。请写上正文，或删除文件。",
    Why.UTF_16: "是 UTF-16 编码，不是 UTF-8。请转换：iconv -f UTF-16 -t UTF-8 OLD > NEW",
    Why.NOT_UTF_8: (
        "不是 UTF-8 编码：位置 {offset} 的字节是 0x{byte:02X}。请转换：iconv -f WINDOWS-1252 -t UTF-8"
        " OLD > NEW"
    ),
    Why.NUL: "第 {line} 行有 NUL 字符，不是纯文本。请重新导出为 UTF-8 文本。",
    Why.SAME_NAME: "与 {other} 只有后缀不同，请给其中一个改名。",
    Why.NAME_NOT_UTF_8: "文件名不是 UTF-8 编码，请改名。",
    Why.FILE_TOO_LARGE: "有 {size:.1f} MB，最多读 {limit:.0f} MB。请分成几篇文章。",
    Why.CLOSED_FOLDER: "打不开（{problem}），请检查权限。",
    Why.CLOSED_FILE: "无法读取（{problem}），请检查文件和权限。",
    Why.LINKED_FOLDER: "是指向文件夹的链接，不会跟随。请复制那个文件夹。",
    Why.LINK_OUT: "是指向来源文件夹之外的链接，请复制那个文件。",
    Why.NO_FILE: "不是普通文件，请换成文本本身，或删除它。",
    Why.STAYS: "{reason}在此之前保留最后一个可用的版本。",
    # Front matter
    Why.LONG_FIELDS: "文件头有 {count:,} 个字符，最多读 {limit:,} 个。请把正文移到结束文件头的“---”行下面。",
    Why.UNCLOSED_FIELDS: "第 1 行用“---”开始了文件头，却没有结束它。请在最后一个字段下面加一行“---”。",
    Why.YAML_ALIAS: "第 {line} 行用了 YAML 的锚点或别名（“&”或“*”）。请给这个值加上引号。",
    Why.DEEP_FIELDS: "文件头第 {line} 行嵌套太深，请写得简单一些。",
    Why.BROKEN_FIELDS_AT: "文件头第 {line} 行有错误（{problem}）。含有“: ”或“#”的值请加上引号。",
    Why.BROKEN_FIELDS: "文件头有错误（{problem}）。含有“: ”或“#”的值请加上引号。",
    Why.STRANGE_FIELDS: "文件头有错误（{problem}）。请把文件存为 UTF-8 纯文本。",
    Why.BROKEN_TOML: "文件头有错误（{problem}），请写成 YAML。",
    Why.TOML: "文件头是 TOML，无法补充内容，请写成 YAML。",
    Why.NOT_FIELDS: "文件头不是字段的列表（第 {line} 行）。请写成“title: 我的文章”这样的行。",
    Why.FIELD_TWICE: "第 {first} 行和第 {second} 行都写了“{name}”，请只留一个。",
    Why.FIELD_IS_LIST: "第 {line} 行的“{name}”是列表，请只写一个值。",
    Why.LONG_TITLE: "{place}标题有 {count:,} 个字符，请最多写 {limit} 个。",
    Why.LONG_ALSO: (
        "第 {line} 行的“also”写得太多。最多 {copies} 条，每条为“出版者, https://…”，不超过 {limit} 个字符。"
    ),
    Why.NO_DATE: "{place}日期“{value}”读不懂，请写成 2019-07-17、2019-07 或 2019。",
    Why.NO_LANGUAGE: "{place}语言“{value}”不是语言代码，请写成“en”、“zh”或“pt-BR”。",
    Why.NO_URL: "{place} url“{value}”不是网址。请写以 https:// 开头的完整网址，或去掉这一行。",
    Why.IN_LINE: "第 {line} 行的",
    Why.DATE_LEFT_OUT: "“published”写成了“{value}”，读不懂，因此没有收入。",
    Why.URL_LEFT_OUT: "“url”写成了“{value}”，读不懂，因此没有收入。",
    Why.FIELD_LEFT_OUT: "{reason}读不懂的部分没有收入。",
    Why.READ_AS_TEXT: "{reason}已作为正文读取。",
    # Files and folders that are added
    Why.IN_OWN_FOLDERS: "已经在 Footnote 自己的文件夹里，由 `footnote build` 读取。",
    Why.NO_DOCUMENTS: "里面没有可以读取的文档。",
    Why.LINK: "是链接，不会跟随。请用它所指文件自己的名字添加。",
    Why.LINKED_FOLDER_ADDED: "是指向文件夹的链接，不会跟随。请用那个文件夹自己的名字添加。",
    Why.NO_FILE_ADDED: "不是普通文件，请给出文件本身。",
    Why.CLOSED_DOCUMENT: "无法读取（{problem}），请检查名字和权限。",
    Why.SAME_TEXT: "与“{title}”（{other}）内容相同，已经在这里了。",
    # Documents
    Why.EMPTY_DOCUMENT: "是空的。",
    Why.NO_TEXT: "没有文字。如果里面是文字的图片，请添加文字本身。",
    Why.LONG_TEXT: "文字超过 {limit:.0f} MB，请分成几篇文章。",
    Why.DOCUMENT_TOO_LARGE: "超过 {limit:.0f} MB，读不了这么大的文件。",
    Why.NO_ENCODING: "不是任何已知编码的文本，请重新存为 UTF-8。",
    Why.MISNAMED: "名为 {name}，内容却不是。请重新导出。",
    Why.UNKNOWN_KIND: (
        "是读不了的类型（{name}）。可以读 Markdown、文本、HTML、PDF、Word（.docx）、OpenDocument（.od"
        "t）、EPUB、RTF、PowerPoint（.pptx）、Excel（.xlsx）、CSV、电子邮件（.eml）、Slack 导出等。"
    ),
    Why.OLD_OFFICE: "是旧版 Office 文档。请存为 .docx、.xlsx、.pptx 或 PDF 后再添加。",
    Why.PICTURE: "是图片，请添加图片上的文字。",
    Why.ENCRYPTED: "已加密。请存为不带密码的文件，再重新添加。",
    Why.DAMAGED_ARCHIVE: "已损坏（{problem}），请重新保存。",
    Why.DAMAGED: "已损坏，或不是文件名所说的类型，请重新保存。",
    Why.MANY_PARTS: "超过 {limit:,} 个部分，没有这样的文档。",
    Why.UNPACKS_TOO_LARGE: "解压后超过 {limit:.0f} MB，请分成几个文档。",
    Why.ENTITIES: "声明了 XML 实体，文档里用不着，因此不读。",
    Why.TOO_DEEP: "嵌套太深，读不了。请存得简单一些。",
    Why.TOO_SLOW: "读了 {seconds} 秒还没读完，已停止。请重新导出，或分成几个文档。",
    Why.NO_MEMORY: "需要的内存超过了限制，请分成几个文档。",
    Why.BROKE_READER: "让读取程序出了错，可能已损坏。请用另一种格式重新导出。",
    Why.NO_PANDOC: "在这里读不了，因为缺少程序 pandoc。请安装：pip install pypandoc_binary。",
    Why.NO_WORD: "是 zip 压缩包，不是 Word 文档。请添加里面的文档。",
    Why.DAMAGED_WORD: "是损坏的 Word 文档，请重新存为 .docx。",
    Why.NO_SLIDES: "是 zip 压缩包，不是演示文稿，请重新存为 .pptx。",
    Why.DAMAGED_WORKBOOK: "是损坏的工作簿，请重新存为 .xlsx。",
    Why.NO_CELLS: "可见的单元格里没有值，请用表格软件重新保存。",
    Why.MANY_CELLS: "超过 {rows:,} 行或 {cells:,} 个单元格。请只留需要的部分，或分成几个文件。",
    Why.NO_TABLE: "无法作为表格读取（{problem}），请重新存为 CSV。",
    Why.NO_MAIL: "不是邮件：开头没有发件人或主题，请重新存为 .eml。",
    Why.MAIL_WITHOUT_TEXT: "是没有正文的邮件，请添加它的附件。",
    Why.NO_MESSAGES: "里面没有 Slack 导出的消息，请逐个添加里面的文档。",
    Why.DAMAGED_JSON: "是损坏的 JSON，请重新导出。",
    Why.DAMAGED_PDF: "是损坏的 PDF（{problem}）。请重新导出，或添加文本。",
    Why.LARGE_PAGE: "是损坏的 PDF（页面大得不可能）。请重新导出，或添加文本。",
    Why.MANY_PAGES: "超过 {limit:,} 页，请分成几个文档。",
    Why.NO_PAGES: "是没有页面的 PDF。",
    Why.SCANNED: "是扫描的 PDF：只有页面的图片，没有文字。请先做文字识别（例如用 ocrmypdf），再添加结果。",
    Why.NO_LETTERS: (
        "没有说明其符号是哪些字，读不出文字。请先做文字识别（例如用 ocrmypdf --force-ocr），再添加结果。"
    ),
    # Web pages
    Why.BROKEN_HTML: "是无法解析的 HTML。请在浏览器里打开并重新保存，再添加。",
    Why.ARCHIVE_WITHOUT_PAGE: "是里面没有网页的存档。请把网页重新存为 HTML。",
    Why.LINKS: "是链接列表，不是文章。请给出文章本身的网址。",
    Why.MOSTLY_LINKS: "大部分是链接，请看看这是不是您要添加的。",
    Why.NO_ARTICLE: (
        "不是文章：几乎没有成段的文字。请给出文章本身的网址；如果文字只在浏览器里出现，请在浏览器里保"
        "存网页，再添加文件。"
    ),
    Why.LOGIN: "需要登录，读不到后面的文章。请在浏览器里打开并保存网页，再添加文件。",
    # Addresses
    Why.NO_ADDRESS: "不是网址，请从浏览器里重新复制。",
    Why.NO_WEB_ADDRESS: "不是网址：只下载 http:// 和 https:// 开头的。",
    Why.STRANGE_ADDRESS: "含有网址里不会有的字符，请从浏览器里重新复制。",
    Why.PASSWORD: "含有用户名或密码，这些从不发送。请给出不含它们的网址。",
    Why.PORT: "用了端口 {port}，只从 80 和 443 下载。FOOTNOTE_ALLOW_HOSTS 可以列出例外。",
    Why.IMPOSSIBLE_HOST: "主机名不可能存在，请从浏览器里重新复制网址。",
    Why.NO_HOST: "没有主机名，请从浏览器里重新复制网址。",
    Why.UNKNOWN_HOST: "无法访问：找不到 {host} 的地址，请检查拼写。",
    Why.PRIVATE_ADDRESS: (
        "指向内部地址（{host}）。为了不让人窥探服务器后面的网络，这样的地址不下载。请在浏览器里保存网"
        "页，再添加文件。FOOTNOTE_ALLOW_HOSTS 可以列出例外。"
    ),
    Why.NO_CERTIFICATE: "没有有效的证书（{problem}），它发来的内容不可信。",
    Why.UNREACHABLE: "无法访问（{problem}）。请检查网址，再试一次。",
    Why.NO_ANSWER: "太久没有回应。请稍后再试，或保存网页再添加文件。",
    Why.MANY_REDIRECTS: "跳转超过 {limit} 次。请给出浏览器最后停在的网址。",
    Why.LEADS_TO_LOGIN: "转到了登录页，读不到后面的文章。请在浏览器里打开并保存网页，再添加文件。",
    Why.CLOSED_PAGE: "需要登录，或不对程序开放（状态 {status}）。请在浏览器里打开并保存网页，再添加文件。",
    Why.NOT_FOUND: "不存在（状态 {status}），请检查网址。",
    Why.SERVER_FAILED: "现在读不了：服务器返回了状态 {status}。请稍后再试。",
    Why.UNKNOWN_TYPE: (
        "是 {name}，读不了。可以读 Markdown、文本、HTML、PDF、Word（.docx）、OpenDocument（.odt）、EP"
        "UB、RTF、PowerPoint（.pptx）、Excel（.xlsx）、CSV、电子邮件（.eml）、Slack 导出等。"
    ),
    Why.PAGE_TOO_LARGE: "超过 {limit:.0f} MB，不下载这么大的内容。",
    Why.STRANGE_ENCODING: "用了没有要求的压缩方式（{name}）。请保存网页，再添加文件。",
    Why.CAME_DAMAGED: "收到时已损坏，无法解压，请再试一次。",
    Why.BROKE_OFF: "没有传完就断了，请再试一次。",
    # Feeds and sitemaps
    Why.ROBOTS: "其主机的 robots.txt 不允许程序读取，我们遵守它。",
    Why.NO_ROBOTS: "现在无法关注：读不到其主机的 robots.txt（{reason}）。",
    Why.NO_FEED: "不是 RSS、Atom 订阅源，也不是站点地图。如果只要这一页，请添加它。",
    Why.DAMAGED_FEED: "是损坏的订阅源或站点地图（{problem}），请稍后再试。",
    Why.DOCTYPE: "声明了文档类型，其中可能藏有实体，不读取。",
    Why.DEEP_FEED: "嵌套太深，不像订阅源，不读取。",
    Why.FEED_TOO_LARGE: "解压后超过 {limit:.0f} MB，超出了读取上限。",
}


def reason_in(words: Words, reason: Reason) -> str:
    """Return the reason in the language of `words`.

    >>> reason_in(CHINESE, Reason(Why.PICTURE))
    '是图片，请添加图片上的文字。'
    """
    if words is not CHINESE:
        return str(reason)
    values = {
        name: reason_in(words, value) if isinstance(value, Reason) else value
        for name, value in reason.values.items()
    }
    return _IN_CHINESE[reason.why].format(**values)
