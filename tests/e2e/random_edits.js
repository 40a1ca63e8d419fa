// Random edits, moves, undos, scrolls and prints of a notebook that is open twice, and whether
// what is known and what is underlined is what a fresh scan finds. Evaluates to `mlsecTest`.
() => {
  const app = window.jupyterapp;
  const views = () => [...app.shell.widgets('main')].filter(widget => widget.context);
  let current = 0;
  const panel = () => views()[current];
  const notebook = () => panel().content;

  // mulberry32: a seeded generator in six lines
  const generator = seed => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const pick = (random, list) => list[Math.floor(random() * list.length)];
  const pause = time => new Promise(resolve => setTimeout(resolve, time));
  /** An offset, often that of a line's start: what stands on its own there is found. */
  const somewhere = (random, text) => {
    const at = Math.floor(random() * (text.length + 1));
    return random() < 0.5 ? at : text.lastIndexOf('\n', at - 1) + 1;
  };
  const run = async (random, command, cell = pick(random, notebook().widgets)) => {
    notebook().activeCellIndex = notebook().widgets.indexOf(cell);
    await app.commands.execute(command);
  };

  const steps = {
    type(random, snippets) {
      const shared = pick(random, notebook().widgets).model.sharedModel;
      const text = shared.getSource();
      const at = somewhere(random, text);
      const cut = random() < 0.4 ? Math.floor(random() * Math.min(12, text.length - at + 1)) : 0;
      shared.updateSource(at, at + cut, random() < 0.7 ? pick(random, snippets) : '');
    },
    typeInEditor(random, snippets) {
      const view = pick(random, notebook().widgets).editor?.editor;
      if (view) {
        const { length } = view.state.doc;
        const from = somewhere(random, view.state.doc.toString());
        const to = Math.min(length, from + (random() < 0.5 ? Math.floor(random() * 30) : 0));
        view.dispatch({ changes: { from, to, insert: pick(random, snippets) } });
      }
    },
    clear(random) {
      pick(random, notebook().widgets).model.sharedModel.setSource('');
    },
    undo(random) {
      const { sharedModel } = pick(random, notebook().widgets).model;
      random() < 0.7 ? sharedModel.undo() : sharedModel.redo();
    },
    undoStructure: () => notebook().model.sharedModel.undo(),
    move: random => run(random, random() < 0.5 ? 'notebook:move-cell-up' : 'notebook:move-cell-down'),
    insert: random => run(random, 'notebook:insert-cell-below'),
    remove: random => notebook().widgets.length > 4 && run(random, 'notebook:delete-cell'),
    async split(random) {
      const cell = pick(random, notebook().widgets);
      const first = cell.editor?.getLine(0) ?? '';
      cell.editor?.setCursorPosition({ line: 0, column: Math.floor(random() * (first.length + 1)) });
      await run(random, 'notebook:split-cell-at-cursor', cell);
    },
    merge: random => notebook().widgets.length > 4 && run(random, 'notebook:merge-cell-below'),
    kind: random =>
      run(random, `notebook:change-cell-to-${pick(random, ['code', 'markdown', 'code', 'raw'])}`),
    print(random, snippets) {
      const { model } = pick(random, notebook().widgets);
      if (model.type === 'code') {
        random() < 0.6
          ? model.outputs.add({ output_type: 'stream', name: 'stdout', text: pick(random, snippets) })
          : model.outputs.clear();
      }
    },
    scroll(random) {
      const node = notebook().node.querySelector('.jp-WindowedPanel-outer') ?? notebook().node;
      node.scrollTop = random() * node.scrollHeight;
    },
    async otherView() {
      current = (current + 1) % views().length;
      app.shell.activateById(panel().id);
      // the shell may keep the first one as its current, where neither is clicked
      for (let i = 0; i < 25 && app.shell.currentWidget !== panel(); i++) {
        await pause(20);
      }
    },
    async rename(random) {
      await panel().context.save();
      await panel().context.rename(`renamed${Math.floor(random() * 1e9)}.ipynb`);
    }
  };
  const weights = {
    ...{ type: 32, typeInEditor: 32, undo: 16, move: 12, split: 8, merge: 8, scroll: 8, print: 6 },
    ...{ clear: 4, undoStructure: 4, insert: 4, remove: 4, kind: 4, otherView: 4, rename: 1 }
  };
  const names = Object.keys(steps).flatMap(name => Array(weights[name]).fill(name));

  /** Open a notebook in two views side by side, in one of JupyterLab's windowing modes. */
  const openTwice = async (name, windowingMode) => {
    for (const widget of views()) {
      widget.context.model.dirty = false;
      widget.close();
    }
    const factory = app.docRegistry.getWidgetFactory('Notebook');
    const before = factory.notebookConfig;
    factory.notebookConfig = { ...before, windowingMode };
    try {
      const first = await app.commands.execute('docmanager:open', { path: name });
      await first.revealed;
      await app.commands.execute('docmanager:clone');
      await Promise.all(views().map(view => view.revealed));
    } finally {
      factory.notebookConfig = before;
    }
    current = 0;
    notebook().model.sharedModel.clearUndoHistory(); // else an undo may take away all cells
    return views().map(({ content }) => content.notebookConfig.windowingMode);
  };

  /** Do `count` random steps; their names. */
  const edit = async (seed, count, snippets) => {
    const random = generator(seed);
    const done = [];
    for (let i = 0; i < count; i++) {
      const name = pick(random, names);
      done.push(name);
      await steps[name](random, snippets);
      if (random() < 0.2) {
        await pause(random() * 200);
      }
    }
    return done;
  };

  const merged = spans => {
    const out = [];
    for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
      const last = out[out.length - 1];
      if (last && start <= last[1]) {
        last[1] = Math.max(last[1], end);
      } else {
        out.push([start, end]);
      }
    }
    return out;
  };

  /** Spans as the texts that they cover, line by line: lines are drawn one by one. */
  const covered = (text, spans) => {
    const pieces = spans.flatMap(([start, end]) => {
      let at = start;
      return text.slice(start, end).split('\n').map(piece => {
        const span = [at, at + piece.length];
        at += piece.length + 1;
        return span;
      });
    });
    return merged(pieces.filter(([start, end]) => end > start))
      .map(([start, end]) => text.slice(start, end).trim())
      .filter(Boolean);
  };

  /** What a cell's editor underlines. */
  const shown = view => {
    const spans = [];
    let at = 0;
    for (const line of view.contentDOM.querySelectorAll('.cm-line')) {
      const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.parentElement.closest('.cm-lintRange')) {
          spans.push([at, at + node.data.length]);
        }
        at += node.data.length;
      }
      at += 1;
    }
    return covered(view.state.doc.toString(), spans);
  };

  /** What a scan of the whole notebook from nothing finds; null where the server is too busy. */
  const fresh = async content => {
    const { serverSettings } = app.serviceManager;
    const xsrf = document.cookie.match(/_xsrf=([^;]+)/)?.[1] ?? '';
    const response = await fetch(`${serverSettings.baseUrl}mlsec/api/scan`, {
      method: 'POST',
      headers: { 'X-XSRFToken': xsrf, Authorization: `token ${serverSettings.token}` },
      body: JSON.stringify({
        path: panel().context.path,
        client: String(Math.random()),
        language: 'python',
        kernel: 'python3',
        metadata: content.metadata,
        cells: content.cells.map((cell, i) => ({
          id: `fresh${i}`,
          type: cell.cell_type,
          source: cell.source,
          metadata: cell.metadata,
          outputs: cell.outputs
        }))
      }, (_, value) => (typeof value === 'string' ? value.toWellFormed() : value))
    });
    return response.ok ? (await response.json()).findings : null;
  };

  /** What names a finding and says where it stands. */
  const told = ({ id, suppressed, place, related }) =>
    JSON.stringify([
      ...[id, suppressed],
      ...[place, ...related].map(({ cellId, ...at }) => Object.values(at))
    ]);

  /** Editors of all views whose marks differ from those of a fresh scan. */
  const drawn = (content, findings) => {
    const spans = content.cells.map(() => []);
    for (const finding of findings.filter(({ suppressed }) => !suppressed)) {
      for (const place of [finding.place, ...finding.related]) {
        if (place.part === 'source') {
          spans[place.cell].push([place.start, place.end]);
        }
      }
    }
    const expected = spans.map((list, i) => covered(content.cells[i].source, list));
    const result = { wrong: [], strayed: 0, compared: 0 };
    views().forEach(({ content: { widgets } }, n) =>
      widgets.forEach((cell, i) => {
        const view = cell.editor?.editor;
        if (!view?.dom.isConnected || cell.editor.host.offsetParent === null) {
          return; // not drawn
        }
        if (view.state.doc.toString() !== cell.model.sharedModel.getSource()) {
          result.strayed++; // JupyterLab's own: the editor shows another text than is saved and run
          return;
        }
        result.compared++;
        const marks = shown(view);
        if (JSON.stringify(marks) !== JSON.stringify(expected[i])) {
          result.wrong.push({ view: n, cell: i, shown: marks.length, wanted: expected[i].length });
        }
      })
    );
    return result;
  };

  /** Every difference from a fresh scan, asked for until there is none or `patience` ms are over. */
  const differences = async patience => {
    await pause(300); // cells that were scrolled to are drawn
    const deadline = Date.now() + patience;
    const tokens = [...app.pluginRegistry._services.keys()];
    const token = tokens.find(({ name }) => name === 'jupyter-mlsec:IMlsecFindings');
    const document = (await app.resolveRequiredService(token)).of(notebook().model.sharedModel);
    for (;;) {
      const content = notebook().model.sharedModel.toJSON();
      const findings = await fresh(content);
      if (findings) {
        const result = { ...drawn(content, findings), found: findings.length };
        const known = document.all.map(told);
        const wanted = findings.map(told);
        result.missing = wanted.filter(one => !known.includes(one));
        result.stale = known.filter(one => !wanted.includes(one));
        const equal = !result.wrong.length && JSON.stringify(known) === JSON.stringify(wanted);
        if (equal || Date.now() > deadline) {
          return { ...result, equal };
        }
      }
      if (Date.now() > deadline + 30000) {
        return { equal: false, reason: 'the server did not answer' };
      }
      await pause(100);
    }
  };

  window.mlsecTest = { openTwice, edit, differences };
}
