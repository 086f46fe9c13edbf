/** The docs page's only script, for a Content-Security-Policy that names its hash: search and tabs, which it adds itself. */
export const docsScript = `const all=(query,root=document)=>[...root.querySelectorAll(query)]
const languages=['curl','TypeScript','Python']
const groups=all('.samples').map((group,number)=>{
  const bar=document.createElement('div')
  bar.setAttribute('role','tablist');bar.setAttribute('aria-label','Language')
  const tabs=languages.map((language,index)=>{
    const panel=group.children[index],tab=document.createElement('button')
    tab.type='button';tab.textContent=language;tab.id='tab-'+number+'-'+index;panel.id='panel-'+number+'-'+index
    tab.setAttribute('role','tab');tab.setAttribute('aria-controls',panel.id)
    panel.setAttribute('role','tabpanel');panel.setAttribute('aria-labelledby',tab.id)
    panel.querySelector('h4').hidden=true
    tab.addEventListener('click',()=>choose(language,tab))
    return {tab,panel,language}
  })
  bar.addEventListener('keydown',(event)=>{
    const step={ArrowRight:1,ArrowLeft:2}[event.key]
    if(!step)return
    const now=tabs.findIndex(({tab})=>tab===document.activeElement),next=tabs[(now+step)%tabs.length]
    choose(next.language,next.tab);next.tab.focus();event.preventDefault()
  })
  bar.append(...tabs.map(({tab})=>tab));group.prepend(bar)
  return tabs
})
function choose(language,anchor){
  const before=anchor?anchor.getBoundingClientRect().top:0
  for(const tabs of groups)for(const entry of tabs){
    const chosen=entry.language===language
    entry.panel.hidden=!chosen;entry.tab.setAttribute('aria-selected',String(chosen));entry.tab.tabIndex=chosen?0:-1
  }
  if(anchor)scrollBy(0,anchor.getBoundingClientRect().top-before)
}
choose('curl')
const box=document.querySelector('#search'),field=document.querySelector('#query'),count=document.querySelector('#found')
const hits=document.querySelector('#hits'),list=document.querySelector('#results')
const nav=document.querySelector('aside nav'),chapters=all('main section[data-noun],main section[aria-labelledby=problems],#intro')
const wordsOf=(text)=>text.replace(/([a-z])([A-Z])/g,'$1 $2').toLowerCase().split(/[^a-z0-9]+/)
const articles=all('article').map((article)=>{
  const section=article.parentElement,name=article.id,title=article.querySelector('h3').textContent
  const path=article.querySelector('.address').textContent
  return {article,section,name,title,noun:wordsOf(section.dataset.noun),parts:wordsOf(name),titled:wordsOf(title+' '+path),text:article.textContent.toLowerCase()}
})
const isWord=(word)=>(other)=>other===word||other===word+'s'
function rank({name,noun,parts,titled,text},word){
  if(name.toLowerCase()===word)return 1000
  if(noun.some(isWord(word)))return 100
  if(parts.some(isWord(word)))return 60
  if(titled.some(isWord(word)))return 30
  if(name.toLowerCase().includes(word))return 20
  return text.includes(word)?1:NaN
}
box.hidden=false
box.addEventListener('submit',(event)=>event.preventDefault())
field.addEventListener('input',()=>{
  const words=field.value.toLowerCase().split(/\\s+/).filter(Boolean),searches=words.length>0
  const found=searches?articles.map((entry)=>({entry,score:words.reduce((sum,word)=>sum+rank(entry,word),0)})).filter(({score})=>score>0).sort((one,other)=>other.score-one.score):[]
  for(const {section,article} of articles)if(article.parentElement!==section||!searches)section.append(article)
  hits.replaceChildren(...found.map(({entry})=>entry.article))
  list.replaceChildren(...found.map(({entry})=>{
    const item=document.createElement('li'),link=document.createElement('a')
    link.href='#'+entry.name;link.textContent=entry.name;link.title=entry.title;item.append(link)
    return item
  }))
  for(const part of chapters)part.hidden=searches
  nav.hidden=searches;list.hidden=!searches;if(searches)scrollTo(0,0)
  count.textContent=!searches?'':found.length===1?'1 operation':found.length+' operations'
})
addEventListener('keydown',(event)=>{
  if(event.key==='/'&&!/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)){field.focus();event.preventDefault()}
  if(event.key==='Escape'&&document.activeElement===field){field.value='';field.dispatchEvent(new Event('input'))}
})`
